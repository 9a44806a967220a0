"""The twenty hostile requests."""

import gzip
import itertools
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

from benchmarks.hostile.cases import BATCH, COMMENTS, Case, case, fresh_comment
from benchmarks.hostile.sending import get, head, post

KIB, MIB = 1024, 1024 * 1024
CALL, LARGE = 127 * KIB, 8_000 * KIB
"""Bytes of a body that is nearly as large as allowed: of most calls, of a batch."""

FIELDS = 9_500
"""Nearly as many fields as a body may have, or half as many other values."""

MARKS = "a" + "\u0300" * 30_000 + "\u0316" * 30_000
"""Two marks of other combining classes: putting them in order takes time by their square."""

LIGATURE = "\ufdfa"
"""One character that is eighteen after NFKC, and about fifteen tokens."""

IDLE = 50
"""Connections that read no answer."""

HELD, STEP = 0.5, 0.01
"""Seconds for which they are held open, and between two of them."""


def hostile(token: str, comment_id: str) -> list[Case]:
    """Return what an attacker sends, with a site's key unless the name says otherwise."""
    return [
        *accents(token, f"{COMMENTS}/{comment_id}"),
        *costly(token),
        *endless(token),
        *_wordy(token),
        unknown_fields(token),
        *_structures(token),
    ]


def accents(token: str, one: str) -> list[Case]:
    """Return a text of many accents in each field; `one` is the path of a comment."""

    def comment(where: str, **changes: object) -> Case:
        return case(f"accents: {where}", lambda: _post(COMMENTS, fresh_comment(**changes), token))

    report = {"reason": "spam", "note": MARKS}
    decision = {"state": "approved", "revision": 1, "note": MARKS, "moderator": {"key": "petra"}}
    return [
        comment("body", body=MARKS),
        comment("title", thread={"key": "a", "title": MARKS}),
        comment("name", member={"key": "m", "name": MARKS}),
        comment("external id", external_id=MARKS),
        case("accents: note of a report", lambda: _post(f"{one}/reports", report, token)),
        case("accents: note of a decision", lambda: _post(f"{one}/decisions", decision, token)),
    ]


def costly(token: str) -> list[Case]:
    """Return texts that are many times more tokens than characters."""
    analysis = {
        "comment": {"text": LIGATURE * 6_800},
        "requestedAttributes": {"TOXICITY": {}},
    }
    text = LIGATURE * 10_000
    return [
        case(
            "10,000 times U+FDFA: a comment",
            lambda: _post(COMMENTS, fresh_comment(body=text), token),
        ),
        case("20 kB of U+FDFA: an analysis", lambda: _post(_analyze(token), analysis)),
    ]


def endless(token: str) -> list[Case]:
    """Return bodies that never end, and say nothing."""
    trailer = b"X-T: " + b"x" * 10_000 + b"\r\n"
    extension = b"1;" + b"x" * 10_000 + b"\r\na\r\n"
    return [
        case("endless trailers, no key", lambda: _chunked("", b"1\r\na\r\n0\r\n", trailer)),
        case("endless extensions of chunks", lambda: _chunked(token, b"", extension)),
    ]


def unknown_fields(token: str) -> Case:
    """Return a batch of 12 MB that is a million fields, none of which is known."""
    return case("a million unknown fields: a batch", lambda: post(BATCH, _fields(10**6), token))


def _wordy(token: str) -> list[Case]:
    """Return requests that are mostly head, or larger than they look, and unread answers."""
    bomb = gzip.compress(b"0" * 50 * MIB)
    headers = [f"X-{number}: 1" for number in range(5_000)]
    return [
        case("a head of 5,000 headers, no key", lambda: get("/healthz", "", *headers)),
        case("a gzip bomb", lambda: post(COMMENTS, bomb, token, "Content-Encoding: gzip")),
        Case(f"{IDLE} connections that read nothing, no key", _unread),
    ]


def _structures(token: str) -> list[Case]:
    spans = ",".join(f'"{name}":{{"spanScores":[{_list("{}", 150)}]}}' for name in range(60))
    suggestion = f'{{"attributeScores":{{{spans}}}}}'.encode()
    number = b'{"body":' + b"9" * CALL + b"}"
    text = {"comments": [fresh_comment(body=LIGATURE * (LARGE // 3))]}
    return [
        case("unknown fields: a comment", lambda: post(COMMENTS, _fields(FIELDS), token)),
        case("wrong spans: suggested scores", lambda: post(_suggest(token), suggestion)),
        case("deep nesting", lambda: post(COMMENTS, b"[" * 2 * FIELDS, token)),
        case("a number of 130,000 digits", lambda: post(COMMENTS, number, token)),
        case(
            "items that are numbers: a batch",
            lambda: post(BATCH, f'{{"comments":[{_list("0", 2 * FIELDS)}]}}'.encode(), token),
        ),
        case("one text of 8 MB: a batch", lambda: _post(BATCH, text, token)),
    ]


def _analyze(token: str) -> str:
    return f"/v1alpha1/comments:analyze?key={token}"


def _suggest(token: str) -> str:
    return f"/v1alpha1/comments:suggestscore?key={token}"


def _list(item: str, count: int) -> str:
    return ",".join([item] * count)


def _post(path: str, content: object, token: str = "") -> bytes:
    """Return a POST request whose JSON takes two or three bytes for a character, and not six."""
    return post(path, json.dumps(content, ensure_ascii=False).encode(), token)


def _fields(count: int) -> bytes:
    """Return an object of so many fields, none of which any schema knows."""
    return ("{" + ",".join(f'"{number:07}":1' for number in range(count)) + "}").encode()


def _chunked(token: str, first: bytes, then: bytes) -> Iterator[bytes]:
    """Yield a chunked body that goes on for 100 MB."""
    kind = "Content-Type: application/json"
    yield head("POST", COMMENTS, token, kind, "Transfer-Encoding: chunked") + first
    yield from itertools.repeat(then, 100 * MIB // len(then))


def _unread(port: int) -> str:
    """Ask for 1.4 MB four times on each connection, and take nothing.

    One connection comes after the other: fifty ordinary requests at once take their time, too.
    """
    request = get("/static/swagger-ui/swagger-ui-bundle.js")
    connections = []
    for _ in range(IDLE):
        connections.append(socket.create_connection(("127.0.0.1", port)))
        with suppress(ConnectionError):
            connections[-1].sendall(request * 4)
        time.sleep(STEP)
    time.sleep(HELD)
    for connection in connections:
        connection.close()
        time.sleep(STEP)
    return "not read"
