"""Logs, metrics and traces of real processes, under calls that carry markers everywhere."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from service.ids import new_id
from service.testing.backend import comment_in
from tests.service.telemetry.collector import Collector, Received
from tests.service.telemetry.installation import TOKEN, Installation
from tests.support.fake_worker import RAISES
from tests.support.reading import rows
from tests.support.stack import wait_until

MARKER = "GEHEIM"
LOGGED = {"event", "level", "logger", "timestamp"}


def send_markers(installation: Installation) -> str:
    """Put the marker wherever a caller can put something; returns the id of a comment."""
    everywhere = {
        "Authorization": f"Bearer {installation.key}",
        "Idempotency-Key": f"{MARKER}-{new_id()}",
        "User-Agent": MARKER,
        "X-Request-ID": MARKER,
        "Baggage": f"text={MARKER}",
        "Tracestate": f"site={MARKER}",
        "Traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01",
    }
    body = comment_in(
        body=f"{MARKER} {RAISES}",
        thread={"key": f"{MARKER}-thread", "title": MARKER, "url": f"https://x.test/{MARKER}"},
        member={"key": f"{MARKER}-member", "name": MARKER},
        external_id=f"{MARKER}-{new_id()}",
    )
    path = f"/v1/comments?key={MARKER}&{MARKER}=1"
    comment: str = installation.call("POST", path, everywhere, json=body).json()["id"]
    wrong: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"/v1/{MARKER}", {}),
        ("GET", f"/{MARKER}?key={MARKER}", {}),
        ("GET", f"/v1/comments/{MARKER}", {}),
        ("GET", f"/v1/members/{MARKER}-member", {}),
        ("GET", f"/v1/threads/{MARKER}-thread/comments", {}),
        ("GET", f"/v1/comments/{comment}", {"headers": {"Authorization": f"Bearer nq_{MARKER}"}}),
        ("POST", "/v1/comments", {"content": f'{{"body": "{MARKER}'}),
        ("POST", "/v1/comments", {"json": {"body": MARKER, MARKER: MARKER}}),
        ("GET", "/metrics", {"headers": {"Authorization": f"Bearer {MARKER}-metrics"}}),
        (MARKER, "/v1/comments", {}),
    ]
    for method, address, more in wrong:
        assert installation.call(method, address, **more).status_code < 500
    wait_until(lambda: installation.call("GET", f"/v1/comments/{comment}").json()["decision"])
    decision = {
        "state": "rejected",
        "revision": 1,
        "note": MARKER,
        "moderator": {"key": MARKER, "name": MARKER},
    }
    decided = installation.call("POST", f"/v1/comments/{comment}/decisions", json=decision)
    assert decided.status_code == 201
    return comment


def test_no_text_no_key_and_no_query_is_told_to_anybody(installation: Installation) -> None:
    comment = send_markers(installation)
    spans = installation.collector.spans
    # Its batches have failed four times, and the engine's spans were sent before theirs.
    wait_until(lambda: [comment in str(s.attributes) for s in spans()].count(True) >= 6)
    told = "".join(
        [
            installation.text("api"),
            installation.text("score"),
            installation.metrics(installation.api_port),
            installation.metrics(installation.worker_port),
        ]
    )
    traced = b"".join(installation.collector.bodies)
    # The marker is the caller's own `tracestate` there, which names no site and no comment.
    traced = traced.replace(f"site={MARKER}".encode(), b"")
    for secret in (MARKER, installation.key, installation.key[3:]):
        assert secret not in told
        assert secret.encode() not in traced
        assert secret.encode() not in installation.valkey.everything()
    assert {span.state for span in spans() if span.service == "netiquette-score"} == {""}
    assert comment in told
    assert "batch_failed" in told


def test_each_line_names_what_it_is_about(installation: Installation) -> None:
    comment = installation.post(body=f"Nein. {RAISES}")["id"]
    wait_until(lambda: "scoring_failed" in installation.text("score").partition(comment)[2])
    site = str(installation.rows.site_id)
    (request,) = [line for line in installation.log("api") if line.get("comment") == comment]
    assert request["event"] == "request"
    assert request.keys() >= {"request_id", "trace_id"}
    assert (request["site"], request["method"], request["route"], request["status"]) == (
        *(site, "POST", "/v1/comments", 202),
    )
    (flagged,) = [line for line in installation.log("score") if line.get("comment") == comment]
    assert (flagged["event"], flagged["site"]) == ("scoring_failed", site)
    assert flagged.keys() >= {"lease", "trace_id"}


def test_every_field_is_documented(installation: Installation) -> None:
    send_markers(installation)
    documented = {name for name, *_ in rows("Logs")}
    lines = [*installation.log("api"), *installation.log("score")]
    ours = [line for line in lines if line["logger"].startswith(("service", "workers"))]
    assert {field for line in ours for field in line} == documented


def test_metrics_of_the_children_are_read_on_the_workers_port(installation: Installation) -> None:
    installation.post(wait=9)
    told = installation.metrics(installation.worker_port)
    samples = dict(line.rsplit(" ", 1) for line in told.splitlines() if line[0] != "#")
    assert float(samples["netiquette_engine_seconds_count"]) >= 1
    approved = 'netiquette_decisions_total{actor="policy",reason="none",state="approved"}'
    assert float(samples[approved]) >= 1
    assert float(samples['netiquette_accepted_to_decided_seconds_count{lane="waiting"}']) >= 1
    assert str(installation.rows.site_id) not in told


def test_metrics_of_the_api_by_port_and_by_token(installation: Installation) -> None:
    installation.post()
    by_token = installation.call("GET", "/metrics", {"Authorization": f"Bearer {TOKEN}"})
    assert by_token.headers["content-type"].startswith("text/plain")
    for told in (installation.metrics(installation.api_port), by_token.text):
        assert 'netiquette_accepted_total{lane="comments"}' in told
        assert 'netiquette_pending_comments{lane="bulk"} 0.0' in told
        assert 'method="POST",route="/v1/comments",status="202"' in told
    assert installation.call("GET", "/metrics").status_code == 404


def spans_of(installation: Installation, trace: bytes) -> dict[str, Received]:
    return {span.name: span for span in installation.collector.spans() if span.trace == trace}


def test_one_trace_from_the_request_to_the_decision(installation: Installation) -> None:
    comment = installation.post(wait=9)["id"]

    def request() -> Received | None:
        found = (
            span
            for span in installation.collector.spans()
            if span.attributes.get("netiquette.comment") == comment
        )
        return next(found, None)

    wait_until(lambda: request() is not None)
    root = request()
    assert root
    wait_until(
        lambda: {"store", "score score.waiting"} <= spans_of(installation, root.trace).keys()
    )
    spans = spans_of(installation, root.trace)
    nudge, score = spans["nudge score.waiting"], spans["score score.waiting"]
    assert (root.name, root.service) == ("POST /v1/comments", "netiquette-api")
    assert (nudge.parent, nudge.service) == (root.id, "netiquette-api")
    assert (score.parent, score.service) == (nudge.id, "netiquette-score")
    assert spans["engine"].parent == spans["store"].parent == score.id
    assert comment in score.attributes["netiquette.comments"]
    assert root.attributes["netiquette.site"] == str(installation.rows.site_id)


def test_who_shares_a_nudge_is_linked_from_it(installation: Installation) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: installation.post()["id"], range(40)))

    def all_here() -> bool:
        seen = (
            span.attributes.get("netiquette.comment") for span in installation.collector.spans()
        )
        return ids <= set(seen)

    wait_until(all_here)
    spans = installation.collector.spans()
    requests = {s.id for s in spans if s.attributes.get("netiquette.comment") in ids}
    nudges = [s for s in spans if s.name == "nudge score.comments"]
    assert any(nudge.links for nudge in nudges)
    wait_until(lambda: requests <= causes(installation))


def causes(installation: Installation) -> set[bytes]:
    nudges = [s for s in installation.collector.spans() if s.name == "nudge score.comments"]
    return {s.parent for s in nudges} | {link for s in nudges for link in s.links}


def test_ends_in_order_and_sends_the_rest(stoppable: Installation) -> None:
    comment = stoppable.post(wait=9)["id"]
    stoppable.stop()
    traced = [s for s in stoppable.collector.spans() if comment in str(s.attributes)]
    assert {span.service for span in traced} == {"netiquette-api", "netiquette-score"}
    for name in ("api", "score"):
        assert all(line.keys() >= LOGGED for line in stoppable.log(name))


@pytest.mark.parametrize(("end", "is_told"), [(Collector.silence, True), (Collector.close, False)])
def test_a_dead_collector_stops_nobody(
    stoppable: Installation, end: Callable[[Collector], None], is_told: bool
) -> None:
    end(stoppable.collector)
    before = len(stoppable.collector.bodies)
    assert stoppable.post(wait=9)["state"] == "approved"
    # Each process still has something to send, and would wait for minutes.
    stoppable.stop()
    assert (len(stoppable.collector.bodies) > before) is is_told
