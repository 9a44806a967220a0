"""The one-command default from its start to its end, as its users meet it."""

import json
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from service.policy.document import FIRST_POLICY
from service.policy.facts import Facts
from service.policy.judgement import decide
from workers.testing import write_tiny_model

NETIQUETTE = Path(sys.executable).with_name("netiquette")
COMMENTS = Path(__file__).parents[1] / "data" / "comments.jsonl"

pytestmark = pytest.mark.timeout(300)

Start = Callable[..., Any]
Gone = Callable[[list[psutil.Process]], None]


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    """Return a model for tests that need any model: the real one would only take longer."""
    write_tiny_model(tmp_path / "tiny")
    return str(tmp_path / "tiny")


def post(client: httpx2.Client, body: str, **more: Any) -> dict[str, Any]:
    """Post a comment of one busy member."""
    comment = {"thread": {"key": "artikel-1"}, "member": {"key": "m-1"}, "body": body} | more
    answer = client.post("/v1/comments", json=comment)
    assert answer.status_code == 202, answer.text
    accepted: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"/v1/comments/{accepted['id']}"
    assert accepted["state"] == "pending"
    assert accepted["revision"] == 1
    return accepted


def decided(client: httpx2.Client, comment_id: str, patience: float) -> dict[str, Any]:
    """Wait for the decision."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        comment: dict[str, Any] = client.get(f"/v1/comments/{comment_id}").json()
        if comment["state"] != "pending":
            return comment
        time.sleep(0.1)
    pytest.fail(f"{comment_id} is still pending after {patience} s")


def check_decision(client: httpx2.Client, comment: dict[str, Any]) -> None:
    """Compute the decision again, from its recorded facts and the policy."""
    (recorded,) = [item for item in history(client, comment) if item["kind"] == "decision"]
    facts = Facts.model_validate(recorded["facts"])
    assert facts.scores == pytest.approx(comment["assessment"]["scores"])
    verdict = decide(FIRST_POLICY, facts)
    assert comment["state"] == verdict.state
    decision = comment["decision"]
    assert decision["actor"] == "policy"
    assert decision["policy"] == 1
    reasons = [{k: v for k, v in r.items() if v is not None} for r in decision["reasons"]]
    assert reasons == [reason.stored() for reason in verdict.reasons]


def history(client: httpx2.Client, comment: dict[str, Any]) -> list[dict[str, Any]]:
    """Return everything about the comment."""
    answer = client.get(f"/v1/comments/{comment['id']}/history")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def check_history(client: httpx2.Client, comment: dict[str, Any], body: str) -> None:
    """See that everything about the comment is there, in order, once."""
    items = history(client, comment)
    assert [item["kind"] for item in items] == ["revision", "assessment", "decision"]
    revision, assessment, decision = items
    assert revision["body"] == body
    assert assessment["scores"] == comment["assessment"]["scores"]
    assert assessment["model"] == comment["assessment"]["model"]
    assert decision["from_state"] == "pending"
    assert decision["state"] == comment["state"]


def flagged(states: list[str]) -> float:
    """Return the share of the flagged ones."""
    return states.count("flagged") / len(states)


def test_real_comments_are_decided_and_ctrl_c_leaves_nothing(
    start: Start, gone: Gone, bundled: Path
) -> None:
    samples = [json.loads(line) for line in COMMENTS.read_text("utf-8").splitlines()]
    assert len(samples) >= 200
    embedded = start(models=bundled)
    embedded.wait_until_ready()
    assert f"{embedded.demo['base_url']}/docs" in embedded.said()
    assert embedded.demo.keys() == {"base_url", "site", "api_key", "moderator"}
    assert (embedded.var / "demo.json").stat().st_mode & 0o777 == 0o600
    assert embedded.var.stat().st_mode & 0o777 == 0o700
    assert (embedded.var / "netiquette.db").stat().st_mode & 0o777 == 0o600

    with embedded.client() as client:
        accepted = [post(client, sample["body"]) for sample in samples]
        deadline = time.monotonic() + 200
        states: dict[str, list[str]] = defaultdict(list)
        for sample, receipt in zip(samples, accepted, strict=True):
            comment = decided(client, receipt["id"], deadline - time.monotonic())
            assert comment["body"] == sample["body"]
            check_decision(client, comment)
            check_history(client, comment, sample["body"])
            states[sample["kind"]].append(comment["state"])
        assert states.keys() > {"harmless", "rude", "hateful", "ironic", "quoting", "long"}
        assert flagged(states["harmless"]) < 0.3
        assert flagged(states["hateful"]) > 0.7
        queue = client.get("/v1/review/queue").json()
        assert queue["items"]

    family = embedded.family()
    assert len(family) >= 7
    embedded.interrupt()
    assert embedded.process.wait(timeout=10) == 0
    gone(family)
    assert embedded.said().endswith("Stopped.\n")


def test_whoever_is_killed_is_started_again(start: Start, gone: Gone, tiny: str) -> None:
    embedded = start(model=tiny)
    embedded.wait_until_ready()
    killed = [
        embedded.child(words)
        for words in ("valkey-server", "worker score", "worker io", "api --fd")
    ]
    for child in killed:
        child.kill()
    psutil.wait_procs(killed, timeout=5)
    with embedded.client() as client:
        # The socket outlives the API: this call waits for the next one.
        comment = post(client, "Wer antwortet mir hier eigentlich?")
        check_decision(client, decided(client, comment["id"], 60))
    family = embedded.family()
    embedded.process.kill()
    gone(family)


def test_a_killed_run_loses_nothing(start: Start, gone: Gone, tiny: str) -> None:
    embedded = start(model=tiny)
    embedded.wait_until_served()
    key = embedded.demo["api_key"]
    with embedded.client() as client:
        comment = post(client, "Und jetzt?")
    family = embedded.family()
    embedded.process.kill()
    gone(family)

    # The folder is as the killed run left it.
    again = start(model=tiny)
    again.wait_until_ready()
    assert again.demo["api_key"] == key
    with again.client() as client:
        check_decision(client, decided(client, comment["id"], 30))


def test_there_is_one_run_at_a_time_and_it_ends_with_its_shell(
    start: Start, gone: Gone, tiny: str
) -> None:
    embedded = start("sh", "-c", f"'{NETIQUETTE}' up; true", model=tiny)
    embedded.wait_for("Starting Netiquette")
    beside = start(model=tiny)
    assert beside.process.wait(timeout=30) == 1
    assert "Netiquette is running already with" in beside.said()
    embedded.wait_until_ready()
    family = embedded.family()
    embedded.process.send_signal(signal.SIGKILL)
    gone(family)


@pytest.mark.timeout(400)
def test_a_start_ends_what_a_kill_of_all_guards_has_left(
    start: Start, gone: Gone, tiny: str
) -> None:
    embedded = start(model=tiny)
    embedded.wait_until_ready()
    family = embedded.family()
    guardian = embedded.child("guardian.py")
    embedded.process.send_signal(signal.SIGSTOP)  # or it would start another guardian
    guardian.kill()
    embedded.process.kill()
    embedded.process.wait(timeout=10)

    again = start(model=tiny)
    again.wait_until_ready()
    gone(family)
    assert "Ending what an earlier run has left" in again.said()
    assert not {process.pid for process in family} & {process.pid for process in again.family()}
