from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise
from threading import Barrier
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import col, delete, select, update

from service.comments.changes import Change, change_state
from service.db import Database
from service.domain.costs import most_tokens
from service.domain.states import Actor, State
from service.domain.vocabulary import Lane
from service.ids import new_id
from service.tables import SPENT_ATTEMPTS, Comment, Revision
from service.tables.conditions import PENDING
from service.testing.rows import SiteRows, add_comments, frozen_clock
from workers.scoring import leases
from workers.scoring.leases import Batch
from workers.scoring.turns import Limits

LIMITS = Limits(comments=3, tokens=100, seconds=75)


def take(database: Database, lane: Lane = Lane.COMMENTS, limits: Limits = LIMITS) -> Batch | None:
    return leases.take(database, lane, new_id(), limits)


def bodies(batch: Batch | None) -> list[str]:
    return [item.body for item in batch.items] if batch else []


def read(database: Database, comment_id: UUID) -> Comment:
    with database.read() as session:
        return session.get_one(Comment, comment_id)


def set_attempts(database: Database, comment_id: UUID, attempts: int) -> None:
    with database.write() as session:
        session.execute(
            update(Comment).where(col(Comment.id) == comment_id).values(attempts=attempts)
        )


def test_takes_the_oldest_first_and_tells_of_more(database: Database, rows: SiteRows) -> None:
    add_comments(database, rows, "a", "b", "c", "d")
    first, second, third = take(database), take(database), take(database)
    assert bodies(first) == ["a", "b", "c"]
    assert bodies(second) == ["d"]
    assert (first and first.more, second and second.more, third) == (True, False, None)


def test_takes_the_lane_that_was_asked_for(database: Database, rows: SiteRows) -> None:
    add_comments(database, rows, "bulk", lane=Lane.BULK)
    add_comments(database, rows, "waiting", lane=Lane.WAITING)
    assert bodies(take(database, Lane.COMMENTS)) == []
    assert bodies(take(database, Lane.WAITING)) == ["waiting"]
    assert bodies(take(database, Lane.BULK)) == ["bulk"]


def test_takes_the_current_revision(database: Database, rows: SiteRows) -> None:
    (edited,) = add_comments(database, rows, "alt")
    with database.write() as session:
        comment = session.get_one(Comment, edited)
        session.add(Revision(comment_id=edited, number=2, site_id=rows.site_id, body="neu"))
        change_state(session, Change(comment, State.PENDING, Actor.AUTHOR))
    batch = take(database)
    assert bodies(batch) == ["neu"]
    assert batch
    assert batch.items[0].revision == 2


def test_leaves_alone_what_is_decided(database: Database, rows: SiteRows) -> None:
    (withdrawn,) = add_comments(database, rows, "weg")
    with database.write() as session:
        comment = session.get_one(Comment, withdrawn)
        change_state(session, Change(comment, State.WITHDRAWN, Actor.AUTHOR))
    assert take(database) is None


def test_expired_lease_comes_back_alone(database: Database, rows: SiteRows) -> None:
    add_comments(database, rows, "a", "b")
    with frozen_clock() as clock:
        assert bodies(take(database)) == ["a", "b"]
        clock.advance(74)
        assert take(database) is None
        add_comments(database, rows, "c")
        clock.advance(1)
        assert bodies(take(database)) == ["a"]
        assert bodies(take(database)) == ["b"]
        assert bodies(take(database)) == ["c"]


def test_lease_does_not_outlast_a_clock_that_is_set_back(
    database: Database, rows: SiteRows
) -> None:
    add_comments(database, rows, "a")
    with frozen_clock() as clock:
        take(database)
        clock.advance(-60)
        assert take(database) is None
        clock.advance(-3600)
        assert leases.most_urgent(database, Lane.COMMENTS) is Lane.COMMENTS
        assert bodies(take(database)) == ["a"]
        assert take(database) is None


def test_failed_batch_comes_back_alone_at_once(database: Database, rows: SiteRows) -> None:
    add_comments(database, rows, "a", "b")
    batch = take(database)
    assert batch
    leases.end(database, batch.lease)
    again = take(database)
    assert bodies(again) == ["a"]
    assert again
    assert again.items[0].attempts == 2


def test_given_back_as_if_never_taken(database: Database, rows: SiteRows) -> None:
    ids = add_comments(database, rows, "a", "b")
    batch = take(database)
    assert batch
    leases.give_back(database, batch.lease)
    assert [read(database, i).attempts for i in ids] == [0, 0]
    assert bodies(take(database)) == ["a", "b"]


def test_giving_back_touches_nobody_elses(database: Database, rows: SiteRows) -> None:
    (held,) = add_comments(database, rows, "a")
    take(database)
    leases.give_back(database, new_id())
    leases.end(database, new_id())
    comment = read(database, held)
    assert comment.attempts == 1
    assert comment.lease is not None


def test_spent_is_not_leased_again(database: Database, rows: SiteRows) -> None:
    spent, _ = add_comments(database, rows, "a", "b")
    set_attempts(database, spent, SPENT_ATTEMPTS)
    assert bodies(take(database)) == ["b"]


def test_one_too_long_for_a_batch_goes_alone(database: Database, rows: SiteRows) -> None:
    add_comments(database, rows, "x" * 150, "b", "c")
    assert bodies(take(database)) == ["x" * 150]
    assert bodies(take(database)) == ["b", "c"]


def test_few_characters_that_become_many_go_alone(database: Database, rows: SiteRows) -> None:
    add_comments(database, rows, "b", "\ufdfa" * 4, "c")
    assert bodies(take(database)) == ["b"]
    assert bodies(take(database)) == ["\ufdfa" * 4]
    assert bodies(take(database)) == ["c"]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    sizes=st.lists(st.integers(1, 60), max_size=8),
    tried=st.lists(st.integers(0, SPENT_ATTEMPTS), min_size=8, max_size=8),
    comments=st.integers(1, 4),
)
def test_every_batch_keeps_the_rules(
    database: Database,
    rows: SiteRows,
    sizes: list[int],
    tried: list[int],
    comments: int,
) -> None:
    with database.write() as session:
        session.execute(delete(Revision))
        session.execute(delete(Comment))
    ids = add_comments(database, rows, *("ä" * size for size in sizes))
    for comment_id, attempts in zip(ids, tried, strict=False):
        set_attempts(database, comment_id, attempts)
    limits = Limits(comments=comments, tokens=100, seconds=75)
    seen: list[UUID] = []
    while batch := take(database, limits=limits):
        alone = len(batch.items) == 1
        assert len(batch.items) <= comments
        assert alone or sum(map(most_tokens, bodies(batch))) <= 100
        assert alone or all(item.attempts == 1 for item in batch.items)
        assert all(a.comment_id < b.comment_id for a, b in pairwise(batch.items))
        seen += [item.comment_id for item in batch.items]
    fresh = [i for i, attempts in zip(ids, tried, strict=False) if attempts < SPENT_ATTEMPTS]
    assert sorted(seen) == sorted(fresh)


def test_two_leasers_never_share_a_comment(database: Database, rows: SiteRows) -> None:
    ids = add_comments(database, rows, *map(str, range(60)))
    together = Barrier(4)

    def lease_all() -> list[UUID]:
        together.wait()
        mine: list[UUID] = []
        while batch := take(database):
            mine += [item.comment_id for item in batch.items]
        return mine

    with ThreadPoolExecutor(4) as pool:
        leased = [future.result() for future in [pool.submit(lease_all) for _ in range(4)]]
    # With SKIP LOCKED a leaser may find nothing while the last rows are locked.
    assert sorted(chain.from_iterable(leased)) == ids


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("condition", "index"),
    [(lambda: PENDING, "ix_comment_pending"), (lambda: leases.SPENT, "ix_comment_spent")],
)
def test_queries_use_their_partial_index(
    database: Database, condition: Callable[[], object], index: str
) -> None:
    query = select(Comment.id).where(condition(), col(Comment.lane) == 1)  # type: ignore[arg-type]
    if index == "ix_comment_spent":
        query = select(Comment.id).where(condition()).order_by(col(Comment.id))  # type: ignore[arg-type]
    with database.read() as session:
        compiled = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        plan = session.execute(text(f"EXPLAIN QUERY PLAN {compiled}")).all()
    assert index in str(plan)
