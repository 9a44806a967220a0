"""Single comments that wait for the database are kept together, and fail apart."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from service import clock
from service.comments.accepting import Accepted, Item, accept_items
from service.comments.backlog import Backlogs
from service.comments.intake import MAX_GROUP, Intake, retry_once
from service.comments.schemas import CommentIn
from service.db import Database
from service.domain.vocabulary import Lane
from service.errors import ExternalIdTaken, Invalid
from service.ids import new_id
from service.migrations import migrate
from service.tables import Thread
from service.testing.backend import Backend, comment_in
from service.testing.rows import SiteRows, add_site
from tests.support.stack import wait_until


class NoNudges:
    def nudge(self, lane: Lane) -> None:
        """Tell nobody."""


def intake_of(database: Database, most: int = 500) -> Intake:
    return Intake(database, NoNudges(), Backlogs(most))


def item(**changes: Any) -> Item:
    return Item(CommentIn.model_validate(comment_in(**changes)), Lane.COMMENTS)


@contextmanager
def together(intake: Intake, *calls: tuple[SiteRows, Item]) -> Iterator[list[Any]]:
    """Have all of them wait, and give their futures once the way is free."""
    with ThreadPoolExecutor(len(calls)) as pool:
        with intake._turn:
            futures: list[Future[Accepted]] = [
                pool.submit(intake.accept, rows.site_id, one) for rows, one in calls
            ]
            wait_until(lambda: len(intake._waiting) == len(calls))
        yield futures


def test_those_who_wait_share_a_commit(database: Database) -> None:
    rows, intake = add_site(database), intake_of(database)
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    many = [(rows, item(body=f"Nummer {number}")) for number in range(MAX_GROUP + 1)]
    with together(intake, *many) as futures:
        bodies = {future.result().comment.body for future in futures}
    assert bodies == {one.comment.body for _, one in many}
    assert len(commits) == 2


def test_each_gets_its_own_answer(database: Database) -> None:
    rows, other = add_site(database), add_site(database, "blatt")
    intake = intake_of(database)
    first = intake.accept(rows.site_id, item(external_id="e"))
    with together(
        intake,
        (rows, item(external_id="e")),
        (rows, item(external_id="e", body="Ganz anders.")),
        (other, item(external_id="e")),
        (rows, item(parent_id=str(rows.site_id))),
        (rows, item(external_id="neu", member={"key": "neu", "name": "Neu"})),
        (rows, item(external_id="neu", member={"key": "neu", "name": "Neu"})),
    ) as futures:
        again, taken, elsewhere, orphan, *new = futures
        assert again.result() == Accepted(first.comment, created=False)
        with pytest.raises(ExternalIdTaken):
            taken.result()
        assert elsewhere.result().created
        assert elsewhere.result().comment.id != first.comment.id
        with pytest.raises(Invalid):
            orphan.result()
        assert {future.result().created for future in new} == {True, False}
        assert len({future.result().comment.id for future in new}) == 1


def test_what_arrives_elsewhere_is_found(postgres_client: TestClient) -> None:
    database: Database = postgres_client.app.state.context.database  # type: ignore[attr-defined]  # a FastAPI
    rows, intake = (
        Backend.of_new_site(postgres_client, database).rows,
        intake_of(database),
    )
    with ThreadPoolExecutor(2) as pool:
        with database.write() as session:
            mine = [item(external_id="e")]
            (kept,) = accept_items(session, rows.site_id, mine, clock.now(), Backlogs(500))
            assert isinstance(kept, Accepted)
            same, other = (
                pool.submit(intake.accept, rows.site_id, one)
                for one in (item(external_id="e"), item())
            )
            wait_until(lambda: _is_waiting(database))
        assert (same.result().comment.id, same.result().created) == (kept.comment.id, False)
        assert other.result().created


def test_sites_are_kept_in_one_order_whoever_came_first(postgres_client: TestClient) -> None:
    database: Database = postgres_client.app.state.context.database  # type: ignore[attr-defined]  # a FastAPI
    sites = [Backend.of_new_site(postgres_client, database).rows for _ in range(2)]
    first, last = sorted(sites, key=lambda rows: rows.site_id)
    intake = intake_of(database)
    named = item(thread={"key": "artikel", "title": "Neu"})
    with ThreadPoolExecutor(2) as pool:
        with database.write() as session:
            session.get_one(Thread, first.thread_id).title = "Alt"
            session.flush()
            with intake._turn:
                calls = []
                for number, rows in enumerate((last, first), 1):
                    calls.append(pool.submit(intake.accept, rows.site_id, named))
                    wait_until(lambda number=number: len(intake._waiting) == number)  # type: ignore[misc]  # bound per round
            wait_until(lambda: _is_waiting(database))
            # Would the group hold this one already, each would wait for the other for ever.
            session.get_one(Thread, last.thread_id).title = "Alt"
            session.flush()
        assert all(call.result().created for call in calls)


def _is_waiting(database: Database) -> bool:
    with database.engine.connect() as connection:
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return bool(connection.exec_driver_sql(query).scalar())


def test_a_failure_is_told_to_all_and_is_over_with_its_cause(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/late.db")
    rows, intake = (
        SiteRows(new_id(), new_id(), new_id()),
        intake_of(database),
    )
    with together(intake, (rows, item()), (rows, item())) as futures:
        assert all(isinstance(future.exception(), OperationalError) for future in futures)
    migrate(database)
    assert intake.accept(add_site(database).site_id, item()).created
    database.dispose()


class Deadlock(Exception):
    sqlstate = "40P01"


@pytest.mark.parametrize("times", [1, 2])
def test_who_is_ended_for_another_tries_once_more(times: int) -> None:
    deadlock = OperationalError("UPDATE thread", {}, Deadlock())
    failures: list[BaseException] = [deadlock] * times

    def store() -> str:
        if failures:
            raise failures.pop()
        return "stored"

    if times == 1:
        assert retry_once(store) == "stored"
    else:
        with pytest.raises(OperationalError):
            retry_once(store)


def test_what_is_no_deadlock_is_not_tried_again() -> None:
    calls: list[int] = []

    def store() -> None:
        calls.append(1)
        raise OperationalError("UPDATE thread", {}, Exception("the server is gone"))

    with pytest.raises(OperationalError):
        retry_once(store)
    assert calls == [1]
