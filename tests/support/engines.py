"""Engines that fail in one way or another."""

from collections.abc import Callable, Sequence

from tests.support.fake_worker import FakeEngine
from workers.engines import Scored


class Broken(FakeEngine):
    """Cannot score anything any more."""

    def score(self, texts: Sequence[str]) -> list[Scored]:
        raise RuntimeError(f"CUDA error at {len(texts)} texts")


class Cutting(FakeEngine):
    """Lets the database fail while it scores."""

    def __init__(self, cut: Callable[[], object]) -> None:
        self._cut = cut

    def score(self, texts: Sequence[str]) -> list[Scored]:
        self._cut()
        return super().score(texts)
