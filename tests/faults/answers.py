"""What must hold in the public API's answers, against what its callers were told before."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2

from service.review.selection import CLAIM
from tests.faults.ledger import Kept, Ledger
from tests.faults.traffic import Site

PAGE = 200


def check_answers(site: Site, ledger: Ledger) -> Iterator[str]:
    """Yield everything that was accepted and is not there, and everything there by mistake."""
    client = httpx2.Client(
        base_url=site.url,
        headers={"Authorization": f"Bearer {site.token}"},
        timeout=30,
        trust_env=False,
    )
    with client:
        for kept in ledger.some():
            comment = client.get(f"/v1/comments/{kept.id}").json()
            history = list(_pages(client, f"/v1/comments/{kept.id}/history"))
            for problem in check_kept(kept, comment, history):
                yield f"comment {kept.id}: {problem}"
        yield from check_feed(list(_feed(client)))
        for item in _pages(client, "/v1/review/queue"):
            until = item["claim"] and datetime.fromisoformat(item["claim"]["until"])
            if until and until > datetime.now(UTC) + 2 * CLAIM:
                yield f"comment {item['id']}: is claimed until {until}"


def check_kept(kept: Kept, comment: dict[str, Any], history: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what was accepted about a comment, and is not in its history."""
    if comment.get("id") != kept.id:
        yield f"cannot be read: {comment.get('type')}"
        return
    texts = {item["revision"]: item["body"] for item in history if item["kind"] == "revision"}
    decisions = {item["id"]: item for item in history if item["kind"] == "decision"}
    for revision, body in kept.bodies.items():
        if texts.get(revision) != body:
            yield f"revision {revision} was accepted with another text"
    if kept.withdrawn and comment["state"] != "withdrawn":
        yield f"was withdrawn, and is {comment['state']}"
    for decision, (revision, state) in kept.decisions.items():
        found = decisions.get(decision)
        if not found or (found["revision"], found["state"]) != (revision, state):
            yield f"decision {decision} was accepted, and is not in the history"
    for undoing in kept.undone:
        if undoing not in decisions:
            yield f"undo {undoing} was accepted, and is not in the history"
    if comment["revision"] != max(texts, default=0):
        yield f"is at revision {comment['revision']}, and has {len(texts)} texts"


def check_feed(events: list[dict[str, Any]]) -> Iterator[str]:
    """Yield where the events that can be read have gaps or are told twice."""
    sequences = [event["sequence"] for event in events]
    if sequences != list(range(1, len(events) + 1)):
        yield f"the events that can be read have gaps: {len(events)} up to {sequences[-1]}"
    for event_id, count in Counter(event["id"] for event in events).items():
        if count > 1:
            yield f"event {event_id} can be read {count} times"


def _pages(client: httpx2.Client, path: str) -> Iterator[dict[str, Any]]:
    after: dict[str, str] = {}
    while True:
        page = client.get(path, params=after).json()
        yield from page.get("items", [])
        if not page.get("next"):
            return
        after = {"after": page["next"]}


def _feed(client: httpx2.Client) -> Iterator[dict[str, Any]]:
    after = 0
    while items := client.get("/v1/events", params={"after": after, "limit": PAGE}).json()["items"]:
        yield from items
        after = items[-1]["sequence"]
