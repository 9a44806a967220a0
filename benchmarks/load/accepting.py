"""How many comments are accepted, beside the tutorial's version, in one run."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from statistics import quantiles

from benchmarks.load import servers
from benchmarks.load.sending import (
    MEMBERS,
    THREADS,
    Answer,
    Connection,
    as_json,
    comment,
    keep_sending,
    text,
)
from benchmarks.redis_down import valkey

BATCH = 100
ROUNDS, SECONDS = 6, 2.0
"""The variants take turns, so that the machine's noise hits all alike."""
SENDERS = (1, 8)

Send = Callable[[Connection], Answer]


def measure(database: str) -> list[str]:
    """Return the rows of the table for one kind of database."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(valkey(folder))
        urls = [f"sqlite:///{folder}/{name}.db" for name in ("product", "naive")]
        if database == "postgres":
            urls = stack.enter_context(servers.postgres(folder, "product", "naive"))
        token = servers.site_key(urls[0])
        ours = stack.enter_context(servers.product(urls[0], redis))
        theirs = stack.enter_context(servers.naive(urls[1], redis))
        variants = {
            "naive": (theirs, _naive(), 1),
            "single": (ours, _single(token), 1),
            f"batch of {BATCH}": (ours, _batch(token), BATCH),
        }
        return [row for senders in SENDERS for row in _compare(database, variants, senders)]


def _compare(database: str, variants: dict[str, tuple[int, Send, int]], senders: int) -> list[str]:
    answers: dict[str, list[Answer]] = {name: [] for name in variants}
    for round_ in range(ROUNDS + 1):
        for name, (port, send, _) in variants.items():
            some = keep_sending(port, senders, SECONDS, send)
            assert {answer.status for answer in some} == {202}
            # The first round warms up.
            answers[name] += some if round_ else []
    rates, p99s, rows = {}, {}, []
    for name, (_, _, comments) in variants.items():
        cuts = quantiles([answer.seconds * 1000 for answer in answers[name]], n=100)
        rates[name] = len(answers[name]) * comments / (ROUNDS * SECONDS)
        p99s[name] = cuts[98]
        rows.append(
            f"| {database} | {senders} | {name} | {rates[name] / rates['naive']:.2f} |"
            f" {cuts[98] / p99s['naive']:.2f} | {rates[name]:.0f} |"
            f" {cuts[49]:.1f} | {cuts[98]:.1f} |"
        )
    return rows


def _naive() -> Send:
    numbers = count()

    def send(connection: Connection) -> Answer:
        number = next(numbers)
        content = {
            "thread": f"artikel-{number % THREADS}",
            "member": f"leser-{number % MEMBERS}",
            "body": text(number),
        }
        return connection.post("/comments", as_json(content), "")

    return send


def _single(token: str) -> Send:
    numbers = count()
    return lambda connection: connection.post(
        "/v1/comments", as_json(comment(next(numbers))), token
    )


def _batch(token: str) -> Send:
    numbers = count()

    def send(connection: Connection) -> Answer:
        comments = [comment(next(numbers)) for _ in range(BATCH)]
        answer = connection.post("/v1/comments/batch", as_json({"comments": comments}), token)
        assert b'"error"' not in answer.body
        return answer

    return send


def report() -> None:
    """Print the table."""
    print(
        "| database | senders | variant | comments/s ÷ naive | p99 ÷ naive | comments/s "
        "| p50 ms | p99 ms |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for database in ("sqlite", "postgres"):
        for row in measure(database):
            print(row, flush=True)
