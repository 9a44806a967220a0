"""A worker whose child was stopped ends by itself, and another one goes on."""

import os

import psutil
import pytest

from service.domain.states import State
from service.testing.rows import add_comments
from tests.support.stack import Stack, wait_until
from workers.processes import EXIT_STUCK


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_child_that_is_stopped_while_idle_is_replaced(stack: Stack) -> None:
    worker = stack.start_all()
    stack.wait_decided(add_comments(stack.database, stack.rows, "Guten Tag"))
    wait_until(lambda: stack.leased() == 0)
    (child,) = worker.children
    child.suspend()
    ids = add_comments(stack.database, stack.rows, "Danke", "Bitte")
    assert worker.process.wait(90) == EXIT_STUCK == os.EX_SOFTWARE
    assert "worker_stuck" in stack.logs()
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    stack.start("score")
    assert stack.wait_decided(ids) == [State.APPROVED] * 2
