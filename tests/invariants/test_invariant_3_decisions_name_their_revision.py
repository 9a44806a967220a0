"""Invariant 3: a decision on an outdated revision is never applied."""

import pytest
from sqlmodel import select

from service.comments.changes import Change, change_state
from service.db import Database
from service.domain.states import Actor, State
from service.tables import Assessment, Comment, Decision, Revision
from service.testing.rows import add_comments
from tests.support.record import check_record
from tests.support.stack import Stack, wait_until


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_edited_or_withdrawn_while_it_is_scored(stack: Stack, database: Database) -> None:
    stack.start_all()
    edited, withdrawn, kept = add_comments(
        database, stack.rows, "LANGSAM", "LANGSAM 2", "LANGSAM 3"
    )
    wait_until(lambda: stack.leased() == 3)
    with database.write() as session:
        comment = session.get_one(Comment, edited)
        revision = Revision(
            comment_id=edited, number=2, site_id=comment.site_id, body="Jetzt: Idiot"
        )
        session.add(revision)
        change_state(session, Change(comment, State.PENDING, Actor.AUTHOR))
        comment = session.get_one(Comment, withdrawn)
        change_state(session, Change(comment, State.WITHDRAWN, Actor.AUTHOR))
    states = stack.wait_decided([edited, withdrawn, kept])
    assert states == [State.FLAGGED, State.WITHDRAWN, State.APPROVED]
    check_record(stack.database, [edited, kept])
    with database.read() as session:
        judged = session.exec(select(Assessment.comment_id, Assessment.revision)).all()
        assert set(judged) == {(edited, 2), (kept, 1)}
        decided = select(Decision.to_state).where(Decision.comment_id == withdrawn)
        assert session.exec(decided).all() == [State.WITHDRAWN]
