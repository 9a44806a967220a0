"""Bodies that were packed with gzip, and those that only say so."""

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from service.http.body_limit import MAX_CALL
from service.http.unpacking import PIECE, Unpacking
from service.testing.backend import Backend, comment_in
from tests.service.http.test_problems import is_problem

GZIP = {"Content-Type": "application/json", "Content-Encoding": "gzip"}


def unpacked(messages: list[Message], most: int = 10**9) -> list[bytes]:
    """Return the pieces that an application reads, which stops after `most` bytes."""
    pieces: list[bytes] = []

    async def application(_scope: Scope, receive: Receive, _send: Send) -> None:
        more = True
        while more and sum(map(len, pieces)) <= most:
            message = await receive()
            pieces.append(message["body"])
            more = message["more_body"]

    async def send(_message: Message) -> None: ...

    left: Iterator[Message] = iter(messages)

    async def receive() -> Message:
        return next(left)

    scope = {"type": "http", "headers": [(b"content-encoding", b"gzip")]}
    asyncio.run(Unpacking(application)(scope, receive, send))
    return pieces


def in_parts(body: bytes, size: int) -> list[Message]:
    """Return a body as a server gives it, with an empty part at the end, as chunked ones have."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    told: list[Message] = [
        {"type": "http.request", "body": part, "more_body": True} for part in parts
    ]
    return [*told, {"type": "http.request", "body": b"", "more_body": False}]


@given(body=st.binary(max_size=3_000), repeated=st.integers(1, 200), size=st.integers(1, 700))
def test_any_body_in_any_parts_is_read(body: bytes, repeated: int, size: int) -> None:
    sent = body * repeated
    pieces = unpacked(in_parts(gzip.compress(sent), size))
    assert b"".join(pieces) == sent
    assert max(map(len, pieces)) <= PIECE


@given(cut=st.integers(0, 40), size=st.integers(1, 50))
def test_a_body_without_its_end_is_refused(cut: int, size: int) -> None:
    packed = gzip.compress(b"Das sehe ich anders.")
    with pytest.raises(HTTPException):
        unpacked(in_parts(packed[: min(cut, len(packed) - 1)], size))


def test_what_comes_after_the_end_is_refused() -> None:
    packed = gzip.compress(b"{}")
    for size in (1, len(packed), 100):
        with pytest.raises(HTTPException):
            unpacked(in_parts(packed + gzip.compress(b"{}"), size))


def test_a_bomb_is_unpacked_no_further_than_it_is_read() -> None:
    bomb = in_parts(gzip.compress(b" " * 50_000_000), 10**9)
    assert sum(map(len, unpacked(bomb, most=MAX_CALL))) <= MAX_CALL + PIECE


def test_packed_comments_are_accepted(backend: Backend) -> None:
    body = gzip.compress(json.dumps(comment_in()).encode())
    for name in ("gzip", "GZIP", "x-gzip", "identity, gzip"):
        headers = GZIP | {"Content-Encoding": name}
        answer = backend.call("POST", "/v1/comments", content=body, headers=headers)
        assert answer.status_code == 202, answer.text


def test_the_limit_is_of_the_unpacked_body(backend: Backend) -> None:
    body = gzip.compress(json.dumps(comment_in(body="x" * 10_000_000)).encode())
    assert len(body) < MAX_CALL
    answer = backend.call("POST", "/v1/comments", content=body, headers=GZIP)
    is_problem(answer, 413, "too-large")


@pytest.mark.parametrize(
    "body", [b"", b"{}", gzip.compress(b"{}", mtime=0)[:-1], zlib.compress(b"{}"), b"\x1f\x8b"]
)
def test_bodies_that_are_no_gzip_are_refused(backend: Backend, body: bytes) -> None:
    answer = backend.call("POST", "/v1/comments", content=body, headers=GZIP)
    is_problem(answer, 400, "bad-request")
    assert "gzip" in answer.json()["detail"]


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip", "utf-8"])
def test_other_codings_are_refused_with_a_sentence(backend: Backend, coding: str) -> None:
    answer = backend.call(
        "POST", "/v1/comments", content=b"{}", headers=GZIP | {"Content-Encoding": coding}
    )
    is_problem(answer, 415, "unsupported-encoding")
    assert answer.headers["accept-encoding"] == "gzip"
    assert "gzip" in answer.json()["detail"]


def test_a_stranger_s_body_is_not_unpacked(backend: Backend) -> None:
    headers = GZIP | {"Authorization": None}
    answer = backend.call("POST", "/v1/comments", content=b"{}", headers=headers)
    is_problem(answer, 401, "unauthorized")
