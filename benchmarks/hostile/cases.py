"""What a case of the benchmark is, and the twenty ordinary ones."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.hostile.sending import exchange, get, post
from benchmarks.load.sending import comment

COMMENTS, BATCH = "/v1/comments", "/v1/comments/batch"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Case:
    """One request, or a few that belong together."""

    name: str
    send: Callable[[int], str]
    """Sends it to a port; returns the status, or what happened instead."""


def case(name: str, make: Callable[[], bytes | Iterable[bytes]]) -> Case:
    """Return the case of a request, which is made anew each time: at once, or in parts."""

    def send(port: int) -> str:
        made = make()
        return exchange(port, [made] if isinstance(made, bytes) else made)

    return Case(name, send)


def fresh_comment(**changes: object) -> dict[str, object]:
    """Return a comment that nobody has sent before, with these changes."""
    return comment(next(_numbers)) | changes


def ordinary(token: str, comment_id: str) -> list[Case]:
    """Return what sites ask all day; `comment_id` is of a comment that is there."""
    one = f"{COMMENTS}/{comment_id}"

    def posted(name: str, **changes: object) -> Case:
        return case(name, lambda: post(COMMENTS, fresh_comment(**changes), token))

    def batch(size: int) -> Case:
        def make() -> bytes:
            return post(BATCH, {"comments": [fresh_comment() for _ in range(size)]}, token)

        return case(f"a batch of {size}", make)

    def read(path: str) -> Case:
        return case(f"GET {path.replace(comment_id, '…')}", lambda: get(path, token))

    report = {"reason": "spam", "note": "Das ist Werbung."}
    claim = {"limit": 5, "moderator": {"key": "petra"}}
    return [
        posted("a comment"),
        posted("a long comment", body="Das sehe ich anders. " * 400),
        posted("a comment with accents", body="e\u0301a\u0308" * 2_000),
        posted("a comment for members", audience="members"),
        batch(20),
        batch(100),
        batch(500),
        case("a report", lambda: post(f"{one}/reports", report, token)),
        case("a claim", lambda: post("/v1/review/claims", claim, token)),
        read(one),
        read(f"{one}/history"),
        read("/v1/threads/artikel-1/comments"),
        read("/v1/members/leser-1"),
        read("/v1/review/queue"),
        read("/v1/events"),
        read("/v1/webhooks"),
        read("/healthz"),
        read("/readyz"),
        read("/docs"),
        read("/openapi.json"),
    ]
