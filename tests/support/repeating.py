"""Something that is done again and again beside a test."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(act: Callable[[], None]) -> Iterator[None]:
    """Call `act` every 10 ms in a thread of its own while the block runs."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.01):
            act()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
