"""How long hostile requests stop the API's event loop, and what memory they take.

Each of twenty hostile and of twenty ordinary requests is sent alone, in turn, a few times. A
pause counts by the shortest of a request's rounds, since what a busy machine adds comes and
goes; memory counts by the largest.
"""

import json
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hostile.api import Api, running
from benchmarks.hostile.attacks import hostile
from benchmarks.hostile.cases import COMMENTS, Case, ordinary
from benchmarks.load import servers
from benchmarks.load.sending import Connection, as_json, comment
from benchmarks.parts import print_parts
from benchmarks.redis_down import valkey
from service import clock
from service.db import Database
from service.tables import Scorer

ROUNDS = 3
SETTLE = 0.2
"""Seconds after an answer in which a pause still counts as the request's."""

MAX_PAUSE, MAX_MEMORY = 50.0, 100.0
"""What is promised: milliseconds, and MB more than before."""


@dataclass(frozen=True)
class Figure:
    """What one request did."""

    status: str
    pause: float
    """The loop's longest pause, in milliseconds."""
    memory: float
    """The peak beyond what the process had before, in MB."""


def measure(api: Api, case: Case) -> Figure:
    """Send the request once."""
    api.forget_peak()
    before, began = api.resident(), time.perf_counter()
    status = case.send(api.port)
    time.sleep(SETTLE)
    return Figure(status, api.longest_pause(began), api.peak() - before)


def summed(figures: Sequence[Figure]) -> Figure:
    """Return the shortest pause and the most memory of a request's rounds."""
    return Figure(
        figures[-1].status,
        min(figure.pause for figure in figures),
        max(figure.memory for figure in figures),
    )


def at_once(of_group: Sequence[Case]) -> Case:
    """Return the case of all of them at the same time."""

    def send(port: int) -> str:
        with ThreadPoolExecutor(len(of_group)) as pool:
            list(pool.map(lambda one: one.send(port), of_group))
        return ""

    return Case(f"all {len(of_group)} at once", send)


def report() -> None:
    """Print the table, and whether the promises hold."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder}/hostile.db"
        token = servers.site_key(url)
        api = stack.enter_context(running(url, stack.enter_context(valkey(folder))))
        known = _post(api, token)
        groups = {"ordinary": ordinary(token, known), "hostile": hostile(token, known)}
        # The first call of each kind imports and compiles what all others find ready.
        for case in groups["ordinary"]:
            case.send(api.port)
        at_first = api.resident()
        print("| request | answer | longest pause ms | memory MB |")
        print("|---|---|---|---|")
        worst = {name: _measure(api, url, of_group) for name, of_group in groups.items()}
        for name, figure in worst.items():
            _print(f"**{name}: longest and most**", figure)
        print(f"\nMemory from the first to the last: {api.resident() - at_first:+.0f} MB")
        kept = worst["hostile"].pause <= MAX_PAUSE and worst["hostile"].memory <= MAX_MEMORY
        limits = f"{MAX_PAUSE:.0f} ms and {MAX_MEMORY:.0f} MB"
        print(f"{limits} for each hostile request: {'kept' if kept else 'NOT kept'}")


def _measure(api: Api, url: str, of_group: Sequence[Case]) -> Figure:
    """Print the figures of each request and of all at once; return the worst of one request."""
    rounds = []
    for _ in range(ROUNDS):
        _pretend_to_score(url)
        rounds.append([measure(api, case) for case in [*of_group, at_once(of_group)]])
    figures = [summed(of_case) for of_case in zip(*rounds, strict=True)]
    for case, figure in zip([*of_group, at_once(of_group)], figures, strict=True):
        _print(case.name, figure)
    alone = figures[:-1]
    return Figure("", max(f.pause for f in alone), max(f.memory for f in alone))


def _pretend_to_score(url: str) -> None:
    """Give a worker's sign of life, so that the API waits for scores; none come."""
    database = Database(url)
    with database.write() as session:
        now = clock.now()
        session.merge(Scorer(id="bench:1", model="0" * 64, started_at=now, seen_at=now))
    database.dispose()


def _post(api: Api, token: str) -> str:
    connection = Connection(api.port)
    answer = connection.post(COMMENTS, as_json(comment(0)), token)
    connection.close()
    return str(json.loads(answer.body)["id"])


def _print(name: str, figure: Figure) -> None:
    print(f"| {name} | {figure.status} | {figure.pause:.0f} | {figure.memory:.1f} |", flush=True)


if __name__ == "__main__":
    print_parts({"hostile": report})
