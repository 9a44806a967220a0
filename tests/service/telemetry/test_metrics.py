"""What is counted, and that counting costs nobody anything."""

import socket

from prometheus_client import generate_latest
from structlog.testing import capture_logs

from service.domain.states import Actor, State
from service.ids import new_id
from service.settings import Settings
from service.tables import Comment, Decision
from service.telemetry.exposition import serve_metrics
from service.telemetry.metrics import REGISTRY, count_decision
from service.testing.backend import Backend, comment_in
from tests.support.reading import Change


def test_requests_by_the_template_of_their_route(backend: Backend) -> None:
    changed = Change("netiquette_requests_total")
    comment = backend.comment()["id"]
    backend.read(comment)
    backend.call("GET", "/v1/comments/unknown")
    backend.call("GET", f"/nowhere/{comment}")
    assert changed(method="POST", route="/v1/comments", status="202") == 1
    assert changed(method="GET", route="/v1/comments/{comment_id}", status="200") == 1
    assert changed(method="GET", route="/v1/comments/{comment_id}", status="404") == 1
    assert changed(method="GET", route="none", status="404") == 1
    assert comment not in generate_latest(REGISTRY).decode()


def test_accepted_are_those_that_are_kept(backend: Backend) -> None:
    changed = Change("netiquette_accepted_total")
    backend.comment(external_id="a")
    backend.post(external_id="a")
    backend.post(parent_id=str(backend.rows.site_id))
    backend.post(headers={"Prefer": "wait=1"})
    batch = [comment_in(external_id="b"), comment_in(external_id="a"), comment_in(), {}]
    backend.call("POST", "/v1/comments/batch", json={"comments": batch})
    assert changed(lane="comments") == 3
    assert changed(lane="waiting") == 1


def test_decisions_by_state_and_cause(backend: Backend) -> None:
    changed, waited = (
        Change("netiquette_decisions_total"),
        Change("netiquette_accepted_to_decided_seconds_count"),
    )
    comment = backend.comment()["id"]
    backend.judge(comment, State.FLAGGED, 0.9)
    backend.decide(comment, "rejected", reason="insult")
    backend.decide(comment, "approved", revision=7)
    backend.call("DELETE", f"/v1/comments/{comment}")
    assert changed(state="flagged", actor="policy", reason="over_threshold") == 1
    assert changed(state="rejected", actor="moderator", reason="insult") == 1
    assert changed(state="approved", actor="moderator", reason="none") == 0
    assert changed(state="withdrawn", actor="author", reason="none") == 1
    assert waited(lane="comments") == 1


def test_claims_that_were_lost(backend: Backend) -> None:
    changed = Change("netiquette_conflicts_total")
    comment = backend.comment()["id"]
    backend.judge(comment, State.FLAGGED)
    backend.call("POST", "/v1/review/claims", json={"limit": 1, "moderator": {"key": "anna"}})
    assert backend.decide(comment, "approved").status_code == 409
    assert changed(problem="claimed") == 1


def test_a_number_that_cannot_be_counted_is_told_and_raises_nothing() -> None:
    comment = Comment(site_id=new_id(), thread_id=new_id(), member_id=new_id())
    nameless = Decision(
        site_id=comment.site_id,
        comment_id=comment.id,
        revision=1,
        from_state=State.PENDING,
        to_state=State.FLAGGED,
        actor=Actor.POLICY,
        reasons=[{}],
    )
    with capture_logs() as logs:
        count_decision(nameless, comment)
    assert [(line["event"], line["what"]) for line in logs] == [("not_counted", "count_decision")]


def test_a_taken_port_costs_the_metrics_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, capture_logs() as logs:
        serve_metrics(Settings(metrics_port=taken.getsockname()[1]))
    assert [line["event"] for line in logs] == ["metrics_not_served"]


def test_without_a_token_there_is_no_such_path(backend: Backend) -> None:
    for headers in ({"Authorization": None}, {"Authorization": "Bearer "}, {}):
        response = backend.call("GET", "/metrics", headers=headers)
        assert (response.status_code, response.json()["type"]) == (
            404,
            "urn:netiquette:problem:not-found",
        )
