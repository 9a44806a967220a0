"""What receivers are sent: for each type of event, with and without the text, never with a name."""

from typing import Any
from uuid import UUID

import pytest

from service.domain.events import EventType
from service.domain.states import State
from service.tables import Comment
from service.testing.backend import Backend
from service.testing.rows import FrozenClock, frozen_clock
from service.webhooks.payloads import MAX_BYTES, Payload
from service.webhooks.use_cases import record_webhook_event
from tests.support.receiver import Receiver, content
from workers.erasing import carry_out_erasures

NAME = "Geheimname"
TEXT = "Das sehe ich ganz anders."
PETRA = {"key": "petra", "name": NAME}
ALL = [kind.value for kind in EventType]

OF_COMMENT = {"id", "external_id", "thread", "member", "revision", "state"}
DECISION = {"version", "comment", "decision", "sequence", "supersedes"}
REPORT = {"version", "comment", "report", "sequence", "supersedes"}
WEBHOOK = {"version", "endpoint", "reason", "sequence", "supersedes"}
FIELDS = {
    "comment.approved": DECISION,
    "comment.flagged": DECISION,
    "comment.rejected": DECISION,
    "comment.withdrawn": DECISION,
    "comment.edited": DECISION,
    "decision.reverted": DECISION,
    "report.received": REPORT,
    "report.resolved": REPORT,
    "member.status_changed": {
        *("version", "member", "from_status", "status"),
        *("until", "moderator", "sequence", "supersedes"),
    },
    "member.erased": {"version", "member", "receipt", "sequence", "supersedes"},
    "webhook.test": WEBHOOK,
    "webhook.disabled": WEBHOOK,
}


def comment(backend: Backend, **changes: Any) -> str:
    more = {"thread": {"key": "artikel", "title": NAME}, "member": {"key": "lena", "name": NAME}}
    made: str = backend.comment(**more | {"body": TEXT} | changes)["id"]
    return made


def everything_happens(backend: Backend, receiver: Receiver, frozen: FrozenClock) -> list[Any]:
    """Let each type of event come about; return all that was sent."""
    sent = []

    def act(method: str, path: str, **body: Any) -> Any:
        response = backend.call(method, path, json=body)
        assert response.is_success, response.text
        frozen.advance(11)
        sent.extend(receiver.deliver())
        return response.json() if response.content else None

    first, second = comment(backend), comment(backend, member={"key": "jonas", "name": NAME})
    backend.judge(first, State.APPROVED)
    backend.judge(second, State.FLAGGED, 0.9)
    act("POST", f"/v1/comments/{first}/reports", reason="spam", note=NAME)
    decision = {"revision": 1, "moderator": PETRA, "note": NAME}
    act("POST", f"/v1/comments/{first}/decisions", state="rejected", **decision)
    backend.judge(third := comment(backend), State.APPROVED)
    made = backend.decide(third, "rejected", moderator=PETRA).json()
    frozen.advance(1)
    sent.extend(receiver.deliver())
    act("POST", f"/v1/decisions/{made['id']}/undo", moderator=PETRA)
    act("PATCH", f"/v1/comments/{third}", body="Anders gesagt.")
    act("DELETE", f"/v1/comments/{third}")
    act("PATCH", "/v1/members/jonas", status="banned", reason=NAME, moderator=PETRA)
    act("DELETE", "/v1/members/jonas")
    carry_out_erasures(backend.database)
    other = Receiver.add(backend).row
    with backend.database.write() as session:
        record_webhook_event(session, other, EventType.WEBHOOK_DISABLED)
    act("POST", f"/v1/webhooks/{receiver.id}/test")
    while more := receiver.deliver():
        sent.extend(more)
    return sent


@pytest.mark.parametrize("include_body", [False, True])
def test_every_type_of_event(backend: Backend, include_body: bool) -> None:
    with frozen_clock() as frozen:
        receiver = Receiver.add(backend, events=ALL, include_body=include_body)
        sent = everything_happens(backend, receiver, frozen)
    assert {message.type.value for message in sent} == set(ALL) == set(FIELDS)
    for message in sent:
        payload = content(message)
        assert set(payload) == {"type", "timestamp", "data"}
        assert payload["timestamp"].endswith("Z")
        assert set(payload["data"]) == FIELDS[payload["type"]], payload
        if "comment" in payload["data"]:
            extra = {"body", "body_omitted"} if include_body else set()
            assert set(payload["data"]["comment"]) == OF_COMMENT | extra
        assert payload["data"]["sequence"] == message.sequence
        assert NAME not in message.body.decode()
        assert (TEXT in message.body.decode()) <= include_body
        Payload.model_validate_json(message.body)
    assert any(TEXT in message.body.decode() for message in sent) is include_body


def test_the_data_are_those_of_the_event(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    backend.judge(comment(backend), State.FLAGGED, 0.9)
    (message,) = receiver.deliver()
    (event,) = backend.call("GET", "/v1/events").json()["items"]
    assert content(message) == {
        "type": event["type"],
        "timestamp": event["timestamp"],
        "data": event["data"] | {"sequence": 1, "supersedes": []},
    }
    assert str(message.event_id) == event["id"]


def bodies(receiver: Receiver) -> list[tuple[str | None, bool]]:
    told = [content(message)["data"]["comment"] for message in receiver.deliver()]
    return [(one["body"], one["body_omitted"]) for one in told]


def test_the_text_is_that_of_the_events_revision(backend: Backend) -> None:
    receiver = Receiver.add(backend, events=["comment.approved", "report.received"])
    receiver.call("PATCH", json={"include_body": True})
    edited = comment(backend)
    backend.judge(edited, State.APPROVED)
    assert bodies(receiver) == [(TEXT, False)]
    backend.call("POST", f"/v1/comments/{edited}/reports", json={"reason": "spam"})
    backend.call("PATCH", f"/v1/comments/{edited}", json={"body": "Neu"})
    assert bodies(receiver) == [(TEXT, False)]
    backend.judge(edited, State.APPROVED)
    assert bodies(receiver) == [("Neu", False)]


def test_a_text_as_long_as_may_be_is_sent_or_left_out_as_a_whole(backend: Backend) -> None:
    receiver = Receiver.add(backend, include_body=True)
    short, long = "ä" * 9_000, "ä" * 10_000
    for body in (short, long, "\U0001f600" * 10_000):
        backend.judge(comment(backend, body=body), State.APPROVED)
    messages = receiver.deliver()
    told = [content(message)["data"]["comment"] for message in messages]
    assert [(one["body"], one["body_omitted"]) for one in told] == [
        (short, False),
        (None, True),
        (None, True),
    ]
    assert all(len(message.body) <= MAX_BYTES for message in messages)


def test_up_to_the_last_byte(backend: Backend) -> None:
    receiver = Receiver.add(backend, include_body=True)
    backend.judge(comment(backend, body="x"), State.APPROVED)
    room = MAX_BYTES - len(receiver.deliver()[0].body)
    umlauts, rest = divmod(room + 1, 2)
    fits = "ü" * umlauts + "x" * rest
    for body, omitted in ((fits, False), (fits + "x", True)):
        backend.judge(comment(backend, body=body), State.APPROVED)
        (message,) = receiver.deliver()
        # Two digits of the sequence would be one byte more.
        assert message.sequence < 10
        assert (len(message.body) == MAX_BYTES) is not omitted
        assert content(message)["data"]["comment"]["body_omitted"] is omitted


def test_a_text_withdrawn_meanwhile_is_not_sent(backend: Backend) -> None:
    receiver = Receiver.add(backend, include_body=True)
    withdrawn = comment(backend)
    backend.judge(withdrawn, State.APPROVED)
    receiver.round()
    assert backend.call("DELETE", f"/v1/comments/{withdrawn}").is_success
    assert bodies(receiver) == [(None, False)]


def test_a_text_about_to_be_erased_is_not_sent(backend: Backend) -> None:
    receiver = Receiver.add(backend, include_body=True)
    for member in ("lena", "jonas"):
        backend.judge(comment(backend, member={"key": member}), State.APPROVED)
    receiver.round()
    assert backend.call("DELETE", "/v1/members/lena").is_success
    messages = receiver.deliver()
    told = [content(message)["data"]["comment"] for message in messages]
    assert [one["body"] for one in told] == [None, TEXT]
    assert told[0]["member"]["key"].startswith("erased-")


def test_what_changed_since_is_told_as_it_was(backend: Backend) -> None:
    receiver = Receiver.add(backend, events=["comment.approved"])
    changed = comment(backend)
    backend.judge(changed, State.APPROVED)
    receiver.round()
    backend.decide(changed, "rejected")
    (message,) = receiver.deliver()
    assert content(message)["data"]["comment"]["state"] == "approved"
    with backend.database.read() as session:
        assert session.get_one(Comment, UUID(changed)).state is State.REJECTED


def test_the_last_hundred_that_were_replaced_are_named(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    backend.judge(comment(backend), State.APPROVED)
    receiver.round()
    (waiting,) = receiver.queue
    ids = [str(UUID(int=number)) for number in range(150)]
    with backend.database.write() as session:
        session.merge(waiting).supersedes = ids
    (message,) = receiver.deliver()
    assert content(message)["data"]["supersedes"] == ids[-100:]
