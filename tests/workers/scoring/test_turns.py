"""Sites take turns, and long texts do with short ones: bounds in leases, whatever waits."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, update

from service import clock
from service.db import Database
from service.domain.costs import SHARE
from service.domain.vocabulary import Lane
from service.ids import new_id
from service.tables import Comment
from service.testing.rows import SiteRows, add_comments, add_site
from workers.scoring import leases
from workers.scoring.leases import Batch
from workers.scoring.turns import Limits, Queue, Turns

LIMITS = Limits(comments=16, tokens=10_000, seconds=75)
LONG = "Das ist ein langer Text. " * 400
"""10,000 characters: a lease holds one, and nothing beside it."""


def take(database: Database, turns: Turns, limits: Limits = LIMITS) -> Batch:
    batch = leases.take(database, Lane.COMMENTS, new_id(), limits, turns)
    assert batch
    return batch


def bodies(batch: Batch) -> list[str]:
    return [item.body for item in batch.items]


def test_another_sites_comment_is_in_the_first_lease(database: Database, rows: SiteRows) -> None:
    add_comments(database, rows, *(["Und noch einer."] * 200))
    add_comments(database, add_site(database, "klein"), "Der einzige.")
    batch = take(database, Turns())
    assert "Der einzige." in bodies(batch)
    assert batch.more


def test_long_texts_of_one_site_hold_up_another_for_one_lease(
    database: Database, rows: SiteRows
) -> None:
    add_comments(database, rows, *([LONG] * 5))
    turns = Turns()
    assert bodies(take(database, turns)) == [LONG]
    add_comments(database, add_site(database, "klein"), "a", "b")
    assert bodies(take(database, turns)) == ["a", "b"]
    assert bodies(take(database, turns)) == [LONG]


def test_long_texts_hold_up_short_ones_of_their_site_for_one_lease(
    database: Database, rows: SiteRows
) -> None:
    add_comments(database, rows, *([LONG] * 5), *(["kurz"] * 20))
    turns = Turns()
    taken = [bodies(take(database, turns)) for _ in range(4)]
    assert taken == [[LONG], ["kurz"] * 16, [LONG], ["kurz"] * 4]


def test_short_texts_do_not_hold_up_long_ones(database: Database, rows: SiteRows) -> None:
    add_comments(database, rows, *(["kurz"] * 100), LONG)
    turns = Turns()
    assert bodies(take(database, turns)) == ["kurz"] * 16
    assert bodies(take(database, turns)) == [LONG]


def test_more_sites_than_a_lease_holds_are_all_served(database: Database) -> None:
    sites = [add_site(database, f"s{number}") for number in range(5)]
    for rows in sites:
        add_comments(database, rows, "a", "b", "c")
    turns = Turns()
    limits = Limits(comments=2, tokens=100, seconds=75)
    served = [item.site_id for _ in range(3) for item in take(database, turns, limits).items]
    assert set(served) == {rows.site_id for rows in sites}


def test_a_text_that_failed_holds_up_no_other_site(database: Database, rows: SiteRows) -> None:
    ids = add_comments(database, rows, "x", "y")
    add_comments(database, add_site(database, "klein"), "a")
    with database.write() as session:
        session.execute(update(Comment).where(col(Comment.id).in_(ids)).values(attempts=1))
    turns = Turns()
    assert [bodies(take(database, turns)) for _ in range(3)] == [["x"], ["a"], ["y"]]


def test_another_sites_backlog_costs_no_more_rows(database: Database, rows: SiteRows) -> None:
    """Of each site a lease reads its share and one more, as Postgres locks what it reads."""
    add_comments(database, rows, *(["a"] * 100))
    add_comments(database, add_site(database, "klein"), "b")
    limits = Limits(comments=4, tokens=10_000, seconds=75)
    assert sorted(bodies(take(database, Turns(), limits))) == ["a", "a", "b"]


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=10, unique=True))
def test_every_queue_comes_first_in_its_turn(waiting: list[tuple[int, bool]]) -> None:
    """With only the first queue served by each lease, each of N is within 2 N leases."""
    ids = [new_id() for _ in range(5)]
    now = clock.now()
    queues = [
        Queue(ids[site], is_long, now + timedelta(seconds=place))
        for place, (site, is_long) in enumerate(waiting)
    ]
    turns = Turns()
    served = []
    for _ in range(2 * len({queue.site_id for queue in queues})):
        first = turns.order(queues)[0][0]
        comment = Comment(
            site_id=first.site_id,
            thread_id=new_id(),
            member_id=new_id(),
            is_long=first.is_long,
        )
        turns.note([comment])
        served.append(first)
    assert set(served) == set(queues)


def test_a_long_text_is_one_that_counts_more_than_once(database: Database, rows: SiteRows) -> None:
    add_comments(database, rows, "x" * SHARE, "y" * (SHARE + 1))
    assert [len(take(database, turns).items) for turns in [Turns()]] == [2]
