"""Invariant 1: after a 2xx, the comment reaches a decided state without anybody's help."""

import subprocess
import sys
from uuid import UUID

import psutil
import pytest

from service.domain.states import State
from service.domain.vocabulary import Lane
from service.nudges import Nudger, create_celery, nudge
from service.testing.rows import add_comments
from tests.support.record import check_record
from tests.support.stack import Stack, Valkey, wait_until

SLOW = ["LANGSAM 1", "LANGSAM 2", "LANGSAM 3"]

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@on_postgres
def test_scoring_child_killed_in_mid_batch(stack: Stack) -> None:
    worker = stack.start_all()
    ids = add_comments(stack.database, stack.rows, *SLOW, "Du Idiot")
    wait_until(lambda: stack.leased() > 0)
    worker.children[0].kill()
    assert stack.wait_decided(ids) == [State.APPROVED] * 3 + [State.FLAGGED]
    check_record(stack.database, ids)


@on_sqlite
def test_worker_main_process_killed_in_mid_batch(stack: Stack) -> None:
    worker = stack.start_all()
    ids = add_comments(stack.database, stack.rows, *SLOW, "Du Idiot")
    wait_until(lambda: stack.leased() > 0)
    children = worker.children
    worker.kill()
    psutil.wait_procs(children, timeout=2)
    assert not any(child.is_running() for child in children)
    stack.start("score")
    assert stack.wait_decided(ids) == [State.APPROVED] * 3 + [State.FLAGGED]
    check_record(stack.database, ids)


@on_sqlite
@pytest.mark.parametrize(("body", "left"), [("LANGSAM", State.APPROVED), ("DAUERT", State.PENDING)])
def test_worker_told_to_end_finishes_its_batch_or_gives_it_back(
    stack: Stack, body: str, left: State
) -> None:
    stack.environment |= {"NETIQUETTE_TIME_LIMIT": "60", "NETIQUETTE_LEASE_SECONDS": "70"}
    worker = stack.start("score")
    wait_until(lambda: stack.scorers() == 1)
    ids = add_comments(stack.database, stack.rows, body)
    nudge(create_celery(stack.environment["NETIQUETTE_REDIS_URL"]), Lane.COMMENTS)
    wait_until(lambda: stack.leased() == 1)
    children = worker.children
    assert worker.end() == 0
    assert not any(child.is_running() for child in children)
    (comment,) = stack.comments(ids)
    assert (comment.state, comment.attempts, comment.lease) == (left, 0, None)


@on_sqlite
def test_workers_outlive_a_valkey_that_comes_and_goes(stack: Stack, valkey: Valkey) -> None:
    """Killed at many moments, also between a message and its acknowledgement."""
    stack.start_all()
    with Nudger(valkey.url) as nudger:
        for kill_after in range(0, 40, 5):
            ids = []
            for number in range(40):
                if number == kill_after:
                    valkey.kill()
                    valkey.start()
                ids += add_comments(stack.database, stack.rows, f"Beitrag {number}")
                nudger.nudge(Lane.COMMENTS)
            assert stack.wait_decided(ids) == [State.APPROVED] * 40


@on_sqlite
def test_valkey_killed_and_emptied_while_comments_arrive(stack: Stack, valkey: Valkey) -> None:
    stack.start_all()
    ids = []
    with Nudger(valkey.url) as nudger:
        for number in range(30):
            if number == 10:
                valkey.kill()
            if number == 20:
                valkey.start()
            ids += add_comments(stack.database, stack.rows, f"Beitrag {number}")
            nudger.nudge(Lane.COMMENTS)
    assert stack.wait_decided(ids) == [State.APPROVED] * 30
    check_record(stack.database, ids)


@on_sqlite
def test_api_killed_between_commit_and_nudge(stack: Stack, database_url: str) -> None:
    program = f"""
import os, signal
from service.db import Database, after_commit
from service.testing.rows import SiteRows, insert_comment
from uuid import UUID
rows = SiteRows(*map(UUID, {[str(i) for i in vars(stack.rows).values()]!r}))
with Database({database_url!r}).write() as session:
    print(insert_comment(session, rows, "Guten Tag"), flush=True)
    after_commit(session, lambda: os.kill(os.getpid(), signal.SIGKILL))
"""
    killed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -9
    stack.start_all()
    assert stack.wait_decided([UUID(killed.stdout.strip())]) == [State.APPROVED]
