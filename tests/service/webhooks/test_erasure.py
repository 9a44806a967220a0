"""Nothing of an erased member stays in what receivers answered (invariant 11)."""

from typing import Any

from service import clock
from service.db import Database
from service.domain.states import State
from service.ids import new_id
from service.testing.backend import Backend
from service.testing.rows import frozen_clock
from tests.support.receiver import BOX, OK, Receiver
from workers.delivery.leasing import LEASE, Leased
from workers.delivery.recording import MAX_ROUND, Done
from workers.delivery.rounds import next_round
from workers.delivery.sending import Attempt
from workers.erasing import carry_out_erasures

ECHO = "what was sent"
REPORT = {"reason": "spam", "reporter": {"key": "lena"}}


def approve(backend: Backend, **changes: Any) -> str:
    comment_id: str = backend.comment(**changes)["id"]
    backend.judge(comment_id, State.APPROVED)
    return comment_id


def erase(backend: Backend) -> None:
    assert backend.call("DELETE", "/v1/members/lena").is_success
    carry_out_erasures(backend.database)


def answers(receiver: Receiver) -> dict[str, str | None]:
    items = receiver.get("/deliveries")["items"]
    return {item["type"]: item["response"] for item in items}


def test_answers_that_may_quote_the_members_key_are_blanked(backend: Backend) -> None:
    """Those about the member, and about others' comments that the member reported."""
    types = ["comment.flagged", "report.received", "member.status_changed"]
    receiver = Receiver.add(backend, events=types)
    other = approve(backend, member={"key": "jonas"})
    backend.judge(backend.comment(member={"key": "paul"})["id"], State.FLAGGED)
    approve(backend)
    assert backend.call("POST", f"/v1/comments/{other}/reports", json=REPORT).is_success
    assert backend.call("PATCH", "/v1/members/lena", json={"status": "banned"}).is_success
    receiver.deliver(OK, ECHO)
    assert answers(receiver) == dict.fromkeys(types, ECHO)
    erase(backend)
    assert answers(receiver) == dict.fromkeys(types, None) | {"comment.flagged": ECHO}


def under_way(receiver: Receiver) -> tuple[Leased, list[Done]]:
    """Take what is due, and be answered; the round is still to be recorded."""
    receiver.round()
    leased = Leased(receiver.id, receiver.backend.rows.site_id, new_id())
    receiver.set(lease=leased.lease, leased_until=clock.now() + LEASE)
    found = next_round(receiver.backend.database, BOX, leased, ())
    assert found
    return leased, [Done(found.url, one, Attempt(OK, 0.1, 200, ECHO)) for one in found.messages]


def record(database: Database, leased: Leased, done: list[Done]) -> None:
    assert next_round(database, BOX, leased, done) is None


def test_what_was_under_way_meanwhile_keeps_no_answer(
    backend: Backend, other_site: Backend
) -> None:
    with frozen_clock() as frozen:
        mine, foreign = Receiver.add(backend), Receiver.add(other_site)
        approve(backend)
        approve(other_site)
        rounds = [under_way(one) for one in (mine, foreign)]
        erase(backend)
        for leased, done in rounds:
            record(backend.database, leased, done)
        assert answers(mine) == {"comment.approved": None}
        assert answers(foreign) == {"comment.approved": ECHO}
        frozen.advance(MAX_ROUND.total_seconds())
        approve(backend, member={"key": "jonas"})
        record(backend.database, *under_way(mine))
        assert mine.get("/deliveries")["items"][0]["response"] == ECHO


def test_while_an_erasure_waits_no_answer_is_kept(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    approve(backend)
    assert backend.call("DELETE", "/v1/members/lena").is_success
    receiver.deliver(OK, ECHO)
    assert answers(receiver) == {"comment.approved": None}
