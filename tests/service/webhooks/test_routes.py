"""The webhook calls: what each answers, changes and refuses."""

import base64
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func
from sqlmodel import col, select
from starlette.testclient import TestClient

from service import clock
from service.app import create_app
from service.domain.deliveries import DisabledReason
from service.domain.states import State
from service.http.callers import Scope
from service.http.schemas import rfc3339
from service.ids import new_id
from service.settings import Settings
from service.tables import Delivery, Endpoint, WebhookMessage
from service.testing.backend import Backend, make_key
from service.testing.rows import frozen_clock
from service.webhooks.use_cases import MAX_ENDPOINTS, OVERLAP
from tests.support.installation import DEAD_PORT
from tests.support.receiver import BOX, Receiver, endpoint_in, problem

CALLS = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/rotate"),
    ("POST", "/test"),
    ("POST", "/redeliver"),
    ("GET", "/deliveries"),
    ("POST", "/deliveries/01930000-0000-7000-8000-000000000000/redeliver"),
]
"""All that name a receiver."""


def test_a_new_receiver(backend: Backend) -> None:
    with frozen_clock():
        now = rfc3339(clock.now())
        response = backend.call(
            "POST",
            "/v1/webhooks",
            json=endpoint_in(description=" CMS ", include_body=True, rate=50),
        )
    assert response.status_code == 201
    made = response.json()
    assert response.headers["location"] == f"/v1/webhooks/{made['id']}"
    secret = made.pop("secret")
    assert made == endpoint_in() | {
        "id": made["id"],
        "description": "CMS",
        "include_body": True,
        "rate": 50,
        "enabled": True,
        "disabled_reason": None,
        "disabled_at": None,
        "failures": 0,
        "failing_since": None,
        "next_attempt_at": None,
        "waiting": 0,
        "failed": 0,
        "sequence": 0,
        "created_at": now,
    }
    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64


def test_what_is_not_given(backend: Backend) -> None:
    made = Receiver.add(backend).made
    assert (made["description"], made["include_body"], made["rate"]) == (None, False, None)


def test_the_secret_is_shown_once_and_kept_encrypted(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    secret = receiver.made["secret"]
    for response in (receiver.call("GET"), backend.call("GET", "/v1/webhooks")):
        assert receiver.made["url"] in response.text
        assert secret not in response.text
        assert "whsec_" not in response.text
    changed = receiver.call("PATCH", json={"rate": 5}).json()
    assert (
        changed
        == receiver.get()
        == {k: v for k, v in receiver.made.items() if k != "secret"} | {"rate": 5}
    )
    assert secret.removeprefix("whsec_") not in receiver.row.secret
    assert BOX.decrypt(receiver.row.secret) == secret


def test_types_are_kept_once_and_the_url_in_its_canonical_form(backend: Backend) -> None:
    twice = ["comment.approved", "webhook.disabled", "comment.approved"]
    made = Receiver.add(backend, events=twice, url="https://BÜCHER.example").made
    assert made["events"] == ["comment.approved", "webhook.disabled"]
    assert made["url"] == "https://xn--bcher-kva.example/"


WRONG: list[tuple[str, Any]] = [
    ("url", "http://cms.example.org/"),
    ("url", "ftp://cms.example.org/"),
    ("url", "https://user:pass@cms.example.org/"),
    ("url", "https://cms.example.org/#here"),
    ("url", "https://cms.example.org:22/"),
    ("url", "https://127.0.0.1/"),
    ("url", "https://[::1]/"),
    ("url", "https://"),
    ("url", "https://cms.example.org/" + "x" * 2000),
    ("url", 7),
    ("events", []),
    ("events", ["comment.liked"]),
    ("events", "comment.approved"),
    ("description", "x" * 501),
    ("include_body", "yes"),
    ("include_body", None),
    ("rate", 0),
    ("rate", 1001),
    ("secret", "whsec_mine"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_is_wrong_is_named(backend: Backend, name: str, value: Any) -> None:
    response = backend.call("POST", "/v1/webhooks", json=endpoint_in(**{name: value}))
    assert problem(response) == (422, "invalid")
    (error,) = response.json()["errors"]
    assert error["pointer"].startswith(f"/{name}")
    receiver = Receiver.add(backend)
    changed = receiver.call("PATCH", json={name: value})
    assert problem(changed) == (422, "invalid")
    assert len(backend.call("GET", "/v1/webhooks").json()["items"]) == 1
    assert receiver.get().items() <= receiver.made.items()


def test_a_site_may_have_so_many(backend: Backend, other_site: Backend) -> None:
    receiver = Receiver.add(backend)
    copy = receiver.row.model_dump(exclude={"id"})
    with backend.database.write() as session:
        session.add_all(Endpoint(**copy) for _ in range(MAX_ENDPOINTS - 1))
    response = backend.call("POST", "/v1/webhooks", json=endpoint_in())
    assert problem(response) == (409, "too-many-endpoints")
    Receiver.add(other_site)
    assert receiver.call("DELETE").status_code == 204
    Receiver.add(backend)


def test_without_a_key_of_the_installation(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    url = backend.database.engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, redis_url=DEAD_PORT, secret_key=None))
    keyless = Backend(TestClient(app), app.state.context.database, backend.rows, backend.token)
    response = keyless.call("POST", "/v1/webhooks", json=endpoint_in())
    assert problem(response) == (503, "not-configured")
    assert "NETIQUETTE_SECRET_KEY" in response.json()["detail"]
    rotated = keyless.call("POST", f"/v1/webhooks/{receiver.id}/rotate")
    assert problem(rotated) == (503, "not-configured")
    assert keyless.call("GET", "/v1/webhooks").json()["items"] == [receiver.get()]
    keyless.database.dispose()


def test_the_list_is_read_page_by_page(backend: Backend, other_site: Backend) -> None:
    ids = [str(Receiver.add(backend).id) for _ in range(5)]
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = backend.call("GET", "/v1/webhooks", params=query).json()
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert found == ids
    assert other_site.call("GET", "/v1/webhooks").json() == {"items": [], "next": None}
    queue = backend.call("GET", "/v1/webhooks", params={"after": "x"})
    assert problem(queue) == (422, "invalid")


def test_a_change_leaves_the_rest_as_it_is(backend: Backend) -> None:
    receiver = Receiver.add(backend, description="CMS", rate=5)
    before = receiver.get()
    changes: list[dict[str, Any]] = [
        {"url": "https://example.org/new"},
        {"events": ["report.received"]},
        {"description": "Anderes"},
        {"include_body": True},
        {"rate": 7},
        {"description": None},
        {"rate": None},
        {},
    ]
    for change in changes:
        response = receiver.call("PATCH", json=change)
        assert response.status_code == 200, response.text
        before |= change
        assert response.json() == before == receiver.get()


@pytest.mark.parametrize("name", ["url", "events", "include_body", "enabled"])
def test_what_cannot_be_null(backend: Backend, name: str) -> None:
    receiver = Receiver.add(backend)
    response = receiver.call("PATCH", json={name: None})
    assert problem(response) == (422, "invalid")
    (error,) = response.json()["errors"]
    assert error["pointer"] == f"/{name}"
    assert "leave it out" in error["detail"]


def test_disabled_and_enabled(backend: Backend) -> None:
    with frozen_clock() as frozen:
        receiver = Receiver.add(backend)
        receiver.set(failures=7, failing_since=clock.now(), next_attempt_at=clock.now())
        at = rfc3339(clock.now())
        for _ in range(2):
            disabled = receiver.call("PATCH", json={"enabled": False}).json()
            assert (disabled["enabled"], disabled["disabled_reason"]) == (False, "manual")
            assert disabled["disabled_at"] == at
            frozen.advance(1)
        enabled = receiver.call("PATCH", json={"enabled": True}).json()
    assert enabled == {k: v for k, v in receiver.made.items() if k != "secret"}


def test_a_new_address_is_tried_at_once(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    receiver.set(failures=7, failing_since=clock.now(), next_attempt_at=clock.now())
    assert receiver.call("PATCH", json={"rate": 3}).json()["failures"] == 7
    changed = receiver.call("PATCH", json={"url": "https://example.org/"}).json()
    assert (changed["failures"], changed["failing_since"]) == (0, None)
    assert changed["next_attempt_at"] is None


def test_deleted_with_all_that_belongs_to_it(backend: Backend) -> None:
    kept, receiver = Receiver.add(backend), Receiver.add(backend)
    for _ in range(2):
        backend.judge(backend.comment()["id"], State.APPROVED)
        receiver.deliver()
    backend.judge(backend.comment()["id"], State.APPROVED)
    receiver.round()
    kept.round()
    assert (receiver.get()["waiting"], len(receiver.get("/deliveries")["items"])) == (1, 2)
    assert receiver.call("DELETE").status_code == 204
    assert problem(receiver.call("GET")) == (404, "not-found")
    with backend.database.read() as session:
        for table in (WebhookMessage, Delivery):
            counted = select(func.count()).where(col(table.endpoint_id) == receiver.id)
            assert session.exec(counted).one() == 0
    assert kept.get()["waiting"] == 3


def test_rotated_with_an_overlap(backend: Backend) -> None:
    with frozen_clock() as frozen:
        receiver = Receiver.add(backend)
        backend.judge(backend.comment()["id"], State.APPROVED)
        old = receiver.made["secret"]
        response = receiver.call("POST", "/rotate")
        new = response.json()["secret"]
        assert response.json()["old_secret_until"] == rfc3339(clock.now() + OVERLAP)
        assert new != old
        assert signing(receiver) == (new, old)
        assert new not in receiver.call("GET").text
        frozen.advance(OVERLAP.total_seconds())
        assert signing(receiver) == (new,)


def signing(receiver: Receiver) -> tuple[str, ...]:
    found = receiver.round()
    assert found
    return found.secrets


def test_the_test_event_reaches_its_receiver_alone(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    other = Receiver.add(backend, events=["webhook.test", "comment.approved"])
    receiver.set(failures=3, next_attempt_at=clock.now() + timedelta(hours=1))
    response = receiver.call("POST", "/test")
    assert response.status_code == 202
    (sent,) = receiver.deliver()
    assert str(sent.event_id) == response.json()["event"]
    assert (sent.type, other.deliver()) == ("webhook.test", [])


def test_only_who_may_administer(backend: Backend) -> None:
    receiver = Receiver.add(backend)
    calls = [("GET", "/v1/webhooks"), ("POST", "/v1/webhooks")]
    calls += [(method, f"/v1/webhooks/{receiver.id}{suffix}") for method, suffix in CALLS]
    token = make_key(backend.database, backend.rows.site_id, *(set(Scope) - {Scope.ADMIN}))
    for method, path in calls:
        headers = {"Authorization": f"Bearer {token}"}
        response = backend.call(method, path, headers=headers, json=endpoint_in())
        assert problem(response) == (403, "missing-scope")


def test_of_another_site_there_is_none(backend: Backend, other_site: Backend) -> None:
    receiver = Receiver.add(backend)
    backend.judge(backend.comment()["id"], State.APPROVED)
    receiver.deliver()
    (delivery,) = receiver.get("/deliveries")["items"]
    before = receiver.row.model_dump()
    calls = [*CALLS, ("POST", f"/deliveries/{delivery['id']}/redeliver")]
    for method, suffix in calls:
        body = {"json": {"enabled": False}} if method == "PATCH" else {}
        answers = [
            other_site.call(method, f"/v1/webhooks/{endpoint_id}{suffix}", **body)
            for endpoint_id in (receiver.id, new_id(), "nonsense")
        ]
        assert {problem(answer) for answer in answers} == {(404, "not-found")}
        assert len({answer.text for answer in answers}) == 1
    assert receiver.row.model_dump() == before
    mine = Receiver.add(other_site)
    foreign = mine.call("POST", f"/deliveries/{delivery['id']}/redeliver")
    assert problem(foreign) == (404, "not-found")


@pytest.mark.parametrize(("method", "suffix"), [c for c in CALLS if c[0] == "POST"])
def test_to_a_disabled_one_nothing_is_sent(backend: Backend, method: str, suffix: str) -> None:
    receiver = Receiver.add(backend)
    receiver.set(disabled_at=clock.now(), disabled_reason=DisabledReason.GONE)
    response = receiver.call(method, suffix)
    if suffix == "/rotate":
        assert response.status_code == 200
        return
    assert problem(response) == (409, "endpoint-disabled")
    assert UUID(receiver.get()["id"]) == receiver.id
