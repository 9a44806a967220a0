"""`make bench-scale`: how reading grows with what has been written.

Databases of each size stand side by side and are asked in turn, so that the machine's
noise hits all alike.
"""

import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median

import structlog

from benchmarks.load.servers import postgres
from benchmarks.scale.filling import Filled
from benchmarks.scale.reads import READS, World
from service.app import create_app
from service.settings import Settings
from service.testing.rows import frozen_clock

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS, WARM_UP = 40, 5
NOBODY = "redis://127.0.0.1:1/0"


@contextmanager
def worlds(kind: str, sizes: tuple[int, ...]) -> Iterator[list[World]]:
    """Fill a database of each size; gives the service on each."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        names = [f"scale_{size}" for size in sizes]
        if kind == "sqlite":
            urls = [f"sqlite:///{folder}/{name}.db" for name in names]
        else:
            urls = stack.enter_context(postgres(folder, *names))
        made = []
        for url, size in zip(urls, sizes, strict=True):
            started = time.monotonic()
            filled = Filled.with_backlog(url)
            filled.grow(size)
            seconds = time.monotonic() - started
            print(f"{kind}: filled {size:,} comments in {seconds:.0f} s", file=sys.stderr)
            context = create_app(Settings(database_url=url, redis_url=NOBODY)).state.context
            made.append(World(filled, context))
        yield made
        for world in made:
            world.context.database.dispose()
            world.filled.database.dispose()


def measure(some: list[World]) -> dict[str, list[float]]:
    """Return the median milliseconds of each read in each world."""
    seconds: dict[str, list[list[float]]] = {name: [[] for _ in some] for name in READS}
    for round_ in range(WARM_UP + ROUNDS):
        for name, read in READS.items():
            for world, taken in zip(some, seconds[name], strict=True):
                # When the backlog was made: it must not grow old meanwhile.
                with frozen_clock(world.filled.start + timedelta(seconds=1)):
                    started = time.perf_counter()
                    read(world)
                    if round_ >= WARM_UP:
                        taken.append(time.perf_counter() - started)
    return {name: [median(taken) * 1000 for taken in of] for name, of in seconds.items()}


def main() -> None:
    """Print the tables as Markdown; sizes may be given as arguments."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    sizes = tuple(map(int, sys.argv[1:])) or SIZES
    print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}")
    for kind in ("sqlite", "postgres"):
        print(f"\n| {kind} | ratio | " + " | ".join(f"{size:,} ms" for size in sizes) + " |")
        print("|---|---|" + "---|" * len(sizes))
        with worlds(kind, sizes) as made:
            for name, times in measure(made).items():
                shown = " | ".join(f"{one:.2f}" for one in times)
                print(f"| {name} | {times[-1] / times[0]:.2f} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
