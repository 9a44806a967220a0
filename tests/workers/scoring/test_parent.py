"""When a child ends its parent, and when it must not."""

import os
import signal
import time

import pytest

from workers.scoring.parent import MAX_GAP_SECONDS, Parent
from workers.scoring.pulse import Pulse

PATIENCE = 60.0


class Watched:
    """A parent that breathes when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now = 1_000.0
        monkeypatch.setattr(time, "monotonic", lambda: self._now)
        self.pulse = Pulse()
        self.parent = Parent(os.getppid(), self.pulse, PATIENCE)

    def is_stopped_after(self, seconds: float, *, breathing: bool = False) -> bool:
        """Look each second for so long; return what the last look says."""
        stopped = False
        for _ in range(int(seconds)):
            self.pass_by(1)
            if breathing:
                self.pulse.breathe()
            stopped = self.parent.is_stopped()
        return stopped

    def pass_by(self, seconds: float) -> None:
        self._now += seconds


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched(monkeypatch)
    watched.pulse.breathe()
    return watched


def test_a_parent_without_a_breath_for_too_long_is_stopped(watched: Watched) -> None:
    assert not watched.is_stopped_after(10 * PATIENCE, breathing=True)
    assert not watched.is_stopped_after(PATIENCE)
    assert watched.is_stopped_after(1)


def test_one_that_goes_on_is_left_alone(watched: Watched) -> None:
    for _ in range(3):
        assert not watched.is_stopped_after(PATIENCE)
        watched.pulse.breathe()


def test_a_pause_of_the_child_itself_begins_the_time_anew(watched: Watched) -> None:
    watched.is_stopped_after(PATIENCE - 1)
    watched.pass_by(3_600)
    assert not watched.is_stopped_after(PATIENCE)
    watched.pass_by(MAX_GAP_SECONDS)
    assert watched.parent.is_stopped(), "a short pause does not"


def test_nobody_can_tell_of_one_that_never_breathed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Watched(monkeypatch).is_stopped_after(10 * PATIENCE)


def test_it_is_killed_unless_it_has_ended_meanwhile(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *what: killed.append(what))
    watched.parent.end()
    assert killed == [(os.getppid(), signal.SIGKILL)]
    Parent(os.getpid(), watched.pulse, PATIENCE).end()
    assert len(killed) == 1
