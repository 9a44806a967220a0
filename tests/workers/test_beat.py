"""The beat goes on, whatever the wall clock does."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from service.nudges import ERASE_TASK, SWEEP_TASK
from service.settings import Settings
from workers.app import create_app
from workers.beat import MemoryScheduler
from workers.processes import beat_thread


class Noting(MemoryScheduler):
    """Notes what it would send."""

    def apply_entry(self, entry: Any, *_: Any) -> None:
        self.sent.append(entry.task)

    def setup_schedule(self) -> None:
        self.sent: list[str] = []
        super().setup_schedule()


def rounds(scheduler: Noting, number: int) -> None:
    for _ in range(number):
        pause = scheduler.tick()
        assert pause <= 0.05
        time.sleep(pause)


@pytest.mark.parametrize("step", [timedelta(0), timedelta(hours=-1), timedelta(hours=1)])
def test_sends_each_task_at_its_interval(step: timedelta, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = Noting(create_app(Settings(sweep_seconds=0.05)))
    rounds(scheduler, 2)
    monkeypatch.setattr(Celery, "now", lambda _: datetime.now(UTC) + step)
    rounds(scheduler, 5)
    assert scheduler.sent.count(SWEEP_TASK) >= 3
    assert scheduler.sent.count(ERASE_TASK) >= 3


def test_the_wall_clock_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    now, wall = 1_000.0, 1_800_000_000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "time", lambda: wall)
    scheduler = Noting(create_app(Settings(sweep_seconds=0.25)))
    pauses = [scheduler.tick()]
    for step in (-3600, 3600, 86_400, -86_400):
        wall += step
        pauses.append(scheduler.tick())
        now += 0.25
        pauses.append(scheduler.tick())
    assert pauses == [0.25] * 9
    assert scheduler.sent.count(SWEEP_TASK) == scheduler.sent.count(ERASE_TASK) == 5


def test_the_beat_inside_a_worker_has_the_same_scheduler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    thread: Any = beat_thread(create_app(Settings()))
    assert isinstance(thread.service.scheduler, MemoryScheduler)
    thread.service.scheduler.close()
    assert list(tmp_path.iterdir()) == []
