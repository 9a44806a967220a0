"""The contract between who names a task and who registers it."""

import subprocess
import sys

import pytest

from service import nudges
from service.domain.vocabulary import Lane
from service.settings import Settings
from tests.support.stack import Stack, wait_until
from workers.app import create_app


def test_every_name_of_a_task_is_registered() -> None:
    app = create_app(Settings())
    app.loader.import_default_modules()
    names = {value for name, value in vars(nudges).items() if name.endswith("_TASK")}
    assert names
    assert names <= set(app.tasks)


def test_celerys_own_command_finds_the_application() -> None:
    from workers.celery import app

    app.loader.import_default_modules()
    assert nudges.SCORE_TASK in app.tasks


def test_every_scheduled_task_goes_where_somebody_reads() -> None:
    schedule = create_app(Settings()).conf.beat_schedule
    assert {entry["task"]: entry["options"]["queue"] for entry in schedule.values()} == {
        nudges.SWEEP_TASK: nudges.UPKEEP_QUEUE,
        nudges.ERASE_TASK: nudges.UPKEEP_QUEUE,
    }


def test_every_lane_has_its_queue() -> None:
    assert [lane.queue for lane in Lane] == ["score.waiting", "score.comments", "score.bulk"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_celerys_own_command_reaches_a_worker(stack: Stack) -> None:
    worker = stack.start("io")

    def inspected(what: str) -> str:
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "workers.celery",
            "inspect",
            "-t",
            "2",
            what,
        ]
        done = subprocess.run(
            command, env=stack.environment, capture_output=True, text=True, check=False
        )
        return done.stdout

    wait_until(lambda: "pong" in inspected("ping"))
    assert nudges.SWEEP_TASK in inspected("registered")
    assert worker.end() == 0
