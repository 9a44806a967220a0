"""A worker whose child or parent was stopped ends by itself, and another one goes on."""

import os
from signal import SIGKILL

import psutil
import pytest

from service.domain.states import State
from service.nudges import create_celery
from service.testing.rows import add_comments
from tests.support.fake_worker import IMPATIENT, KEEPS_A_LOCK
from tests.support.stack import Stack, Worker, wait_until
from workers.processes import EXIT_STUCK

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def idle(stack: Stack) -> Worker:
    """Give a scoring worker that has worked, and waits for work."""
    stack.environment[IMPATIENT] = "1"
    worker = stack.start_all()
    stack.wait_decided(add_comments(stack.database, stack.rows, "Guten Tag"))
    with create_celery(stack.valkey.url) as app:
        inspect = app.control.inspect()
        # A child that is stopped in a task is ended by Celery's time limit.
        wait_until(lambda: not any((inspect.active() or {"": "?"}).values()))
    return worker


def has_ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def another_one_goes_on(stack: Stack) -> None:
    assert "worker_stuck" in stack.logs()
    ids = add_comments(stack.database, stack.rows, "Danke", "Bitte")
    stack.start("score")
    assert stack.wait_decided(ids) == [State.APPROVED] * 2


def test_a_child_that_is_stopped_while_idle_is_replaced(stack: Stack, idle: Worker) -> None:
    (child,) = idle.children
    child.suspend()
    add_comments(stack.database, stack.rows, "Danke")
    assert idle.process.wait(90) == EXIT_STUCK == os.EX_SOFTWARE
    wait_until(lambda: has_ended(child))
    another_one_goes_on(stack)


def test_a_parent_that_is_stopped_is_ended_by_its_child(stack: Stack, idle: Worker) -> None:
    (child,) = idle.children
    psutil.Process(idle.process.pid).suspend()
    assert idle.process.wait(90) == -SIGKILL
    wait_until(lambda: has_ended(child))
    another_one_goes_on(stack)


def test_a_parent_that_waits_for_a_lock_for_ever_ends_itself(stack: Stack, idle: Worker) -> None:
    stack.wait_decided(add_comments(stack.database, stack.rows, KEEPS_A_LOCK))
    add_comments(stack.database, stack.rows, "Danke")
    assert idle.process.wait(90) == EXIT_STUCK
    another_one_goes_on(stack)
