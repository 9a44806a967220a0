"""The API as it is served in production, whose event loop tells its pauses on standard output.

Run as `python -m benchmarks.hostile.metered PORT`. Time in which the loop's thread was ready, but
the machine ran something else, is no part of a pause (schedstat of proc_pid_schedstat(5)).
"""

import asyncio
import os
import sys
import threading
import time

from service.server import Server, configure

STEP = 0.002
"""Seconds between two looks at the clock."""

LEAST = 0.001
"""Shortest pause in seconds that is told."""


class Metered(Server):
    """The server, with a task that notices when the loop does not come back to it in time."""

    async def main_loop(self) -> None:
        """Serve until told to end."""
        meter = asyncio.create_task(_tell_pauses())
        try:
            await super().main_loop()
        finally:
            meter.cancel()


async def _tell_pauses() -> None:
    """Write a line for each pause: when it ended, and how long it was, in seconds."""
    schedule = os.open(
        f"/proc/{os.getpid()}/task/{threading.get_native_id()}/schedstat", os.O_RDONLY
    )
    last, before = time.perf_counter(), _kept_waiting(schedule)
    while True:
        await asyncio.sleep(STEP)
        now, waited = time.perf_counter(), _kept_waiting(schedule)
        pause = now - last - STEP - (waited - before)
        if pause > LEAST:
            os.write(sys.stdout.fileno(), f"{now} {pause}\n".encode())
        last, before = time.perf_counter(), waited


def _kept_waiting(schedule: int) -> float:
    """Return the seconds that the thread has waited for a processor."""
    return int(os.pread(schedule, 100, 0).split()[1]) / 1e9


if __name__ == "__main__":
    Metered(configure("127.0.0.1", int(sys.argv[1]))).run()
