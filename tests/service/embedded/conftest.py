"""Fixtures for the embedded default: a supervisor whose children are small scripts."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.embedded.child import Spec
from service.embedded.guardian import Guardian
from service.embedded.stopping import SIGNALS, Stopping
from service.embedded.supervisor import Supervisor


@pytest.fixture
def stopping() -> Iterator[Stopping]:
    before = [signal.getsignal(number) for number in SIGNALS]
    yield Stopping()
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def supervisor(stopping: Stopping) -> Iterator[Supervisor]:
    guardian = Guardian()
    supervisor = Supervisor(guardian, stopping)
    yield supervisor
    supervisor.stop()
    guardian.close()


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Spec]:
    """Return a function that makes a child from Python source."""

    def make(name: str, source: str, grace: float = 2.0) -> Spec:
        return Spec(
            name=name,
            command=(sys.executable, "-I", "-S", "-c", source, str(tmp_path)),
            environment={},
            log=tmp_path / f"{name}.log",
            grace=grace,
        )

    return make
