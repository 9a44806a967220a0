"""The checks find what is wrong: each kind of damage, done to a site that was all right."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, col, delete, select, update

from service import clock
from service.comments.changes import Change, change_state
from service.comments.repository import lock_comment
from service.db import Database
from service.domain.states import Actor, State
from service.domain.vocabulary import Lane
from service.events.sequencer import number_due_events
from service.ids import new_id
from service.settings import Settings
from service.tables import Assessment, Comment, Decision, Event, Revision
from service.testing.rows import SiteRows, add_comments, add_site, frozen_clock
from tests.faults.answers import check_feed, check_kept
from tests.faults.ledger import Kept
from tests.faults.record import check_tables
from tests.support.fake_worker import FakeEngine
from workers.scoring.batch import Scoring

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def rows(database: Database) -> SiteRows:
    """Return a site with a comment for each way that comments go."""
    rows = add_site(database)
    with frozen_clock(datetime.now(UTC) - timedelta(minutes=1)) as frozen:
        edited, _, withdrawn = add_comments(database, rows, "Guten Tag", "Du Idiot", "Danke")
        score = Scoring(database, Settings(), print).run
        score(FakeEngine(), Lane.COMMENTS)
        frozen.advance(1)
        with database.write() as session:
            comment = lock_comment(session, rows.site_id, edited)
            change_state(session, Change(comment, State.PENDING, Actor.AUTHOR))
            session.add(
                Revision(comment_id=edited, number=2, site_id=rows.site_id, body="Du Idiot")
            )
            gone = lock_comment(session, rows.site_id, withdrawn)
            change_state(session, Change(gone, State.WITHDRAWN, Actor.AUTHOR))
        frozen.advance(1)
        score(FakeEngine(), Lane.COMMENTS)
    with database.write() as session:
        number_due_events(session, rows.site_id, clock.now())
    return rows


def problems(database: Database, rows: SiteRows) -> list[str]:
    with database.read() as session:
        return list(check_tables(session, rows.site_id, clock.now()))


@on_sqlite
def test_a_site_that_is_all_right(database: Database, rows: SiteRows) -> None:
    assert problems(database, rows) == []


def leased(session: Session, _edited: Comment) -> None:
    session.execute(update(Comment).values(lease=new_id(), leased_until=clock.now()))


def pending(session: Session, _edited: Comment) -> None:
    session.execute(update(Comment).values(state=State.PENDING))


def state_without_decision(session: Session, edited: Comment) -> None:
    edited.state = State.APPROVED


def lost_edit(session: Session, edited: Comment) -> None:
    session.execute(delete(Revision).where(col(Revision.number) == 2))


def illegal_step(session: Session, edited: Comment) -> None:
    session.execute(
        update(Decision).where(col(Decision.to_state) == State.WITHDRAWN).values(actor=Actor.POLICY)
    )


def untold(session: Session, edited: Comment) -> None:
    session.delete(session.exec(select(Event).where(col(Event.sequence) == 2)).one())


def told_twice(session: Session, edited: Comment) -> None:
    event = session.exec(select(Event).where(col(Event.sequence) == 2)).one()
    session.add(Event(**event.model_dump(exclude={"id", "sequence"})))


def unnumbered(session: Session, edited: Comment) -> None:
    last = session.exec(select(Event).order_by(col(Event.sequence).desc())).first()
    assert last
    last.sequence = None


def order_turned_around(session: Session, edited: Comment) -> None:
    first, *_, last = session.exec(
        select(Event).where(Event.comment_id == edited.id).order_by(col(Event.created_at))
    )
    first_number, last_number = first.sequence, last.sequence
    first.sequence = None
    session.flush()
    last.sequence = first_number
    session.flush()
    first.sequence = last_number


def cancelled(session: Session, edited: Comment) -> None:
    session.execute(update(Event).where(col(Event.sequence) == 1).values(cancelled_at=clock.now()))


def other_facts(session: Session, edited: Comment) -> None:
    decision = session.exec(select(Decision).where(Decision.to_state == State.FLAGGED)).first()
    assert decision
    decision.facts = decision.facts | {"forms": {"original": {"toxicity": 0.01}}}


def scores_of_another_text(session: Session, edited: Comment) -> None:
    session.execute(update(Revision).values(body="Danke"))


def lost_assessment(session: Session, edited: Comment) -> None:
    session.execute(update(Decision).values(assessment_id=None))
    session.execute(delete(Assessment))


@on_sqlite
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (leased, "is under a lease"),
        (pending, "is still pending"),
        (state_without_decision, "its decisions lead to flagged"),
        (lost_edit, "has the texts [1]"),
        (illegal_step, "policy went from approved to withdrawn"),
        (untold, "the events have the numbers"),
        (told_twice, "2 events tell of decision"),
        (unnumbered, "has no number"),
        (order_turned_around, "in the order of its changes"),
        (cancelled, "but not undone"),
        (other_facts, "does not follow from its record"),
        (scores_of_another_text, "rests on the scores of another text"),
        (lost_assessment, "does not follow from its record"),
    ],
)
def test_damage_is_found(
    database: Database, rows: SiteRows, damage: Callable[[Session, Comment], None], told: str
) -> None:
    with database.write() as session:
        edited = session.exec(select(Comment).where(col(Comment.revision) == 2)).one()
        damage(session, edited)
    assert told in "\n".join(problems(database, rows))


COMMENT: dict[str, Any] = {"id": str(UUID(int=1)), "state": "withdrawn", "revision": 1}
HISTORY = [
    {"kind": "revision", "revision": 1, "body": "Danke"},
    {"kind": "decision", "id": "d", "revision": 1, "state": "approved"},
]


@pytest.mark.parametrize(
    ("changes", "comment", "told"),
    [
        ({}, {}, ""),
        ({}, {"id": None}, "cannot be read"),
        ({}, {"state": "approved"}, "was withdrawn"),
        ({"bodies": {1: "Bitte"}}, {}, "another text"),
        ({"bodies": {2: "Danke"}}, {}, "another text"),
        ({"decisions": {"d": (1, "rejected")}}, {}, "decision d was accepted"),
        ({"decisions": {"e": (1, "approved")}}, {}, "decision e was accepted"),
        ({"undone": {"u": "d"}}, {}, "undo u was accepted"),
        ({}, {"revision": 2}, "is at revision 2"),
    ],
)
def test_what_was_accepted_is_missed(
    changes: dict[str, object], comment: dict[str, object], told: str
) -> None:
    kept = Kept(COMMENT["id"], "t", {1: "Danke"}, withdrawn=True, decisions={"d": (1, "approved")})
    vars(kept).update(changes)
    found = "\n".join(check_kept(kept, COMMENT | comment, HISTORY))
    assert (told in found) if told else not found


def test_gaps_and_repetitions_are_found() -> None:
    feed = [{"sequence": number, "id": str(number)} for number in (1, 2, 3)]
    assert not list(check_feed(feed))
    assert list(check_feed([feed[0], feed[2]]))
    assert list(check_feed([*feed, feed[0] | {"sequence": 4}]))
