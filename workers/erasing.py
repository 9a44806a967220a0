"""Carry out erasures of members, in the I/O worker (invariant 11).

Comments are blanked in batches, each in one short transaction, so that other writers do not
wait for long, and a crash loses one batch at most. The rows themselves show what is done, so
the next run goes on with the rest.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import and_, delete, exists, or_, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from service import clock
from service.analyses.labels import forget_texts
from service.comments.changes import Change, change_state
from service.db import Database
from service.domain.events import EventType
from service.domain.states import Actor, State
from service.events.outbox import About, record
from service.tables import (
    Assessment,
    Comment,
    Decision,
    Delivery,
    Erasure,
    IdempotentRequest,
    Report,
    Revision,
)

BATCH = 50
"""Comments or reports per transaction. One takes some 100 ms, in which SQLite has no other
writer."""

PAUSE = 0.1
"""Seconds between two batches, in which other writers get their turn."""

ERASED = {"code": "member_erased"}

log = structlog.get_logger(__name__)


def carry_out_erasures(database: Database) -> None:
    """Carry out the requested erasures, oldest first; one that fails is tried again next time.

    This may run at any time, also twice at once.
    """
    with database.read() as session:
        waiting = session.exec(
            select(Erasure.id)
            .where(col(Erasure.completed_at).is_(None))
            .order_by(col(Erasure.requested_at))
        ).all()
    if not waiting:
        return
    blanked = [erasure_id for erasure_id in waiting if _blank(database, erasure_id)]
    if not database.scrub():
        log.warning(
            "erasures_wait",
            erasures=len(blanked),
            hint="Waits for a long reader to end, or for disk space.",
        )
        return
    for erasure_id in blanked:
        _complete(database, erasure_id)


def _blank(database: Database, erasure_id: UUID) -> bool:
    """Blank all texts of one erasure; tell whether that worked."""
    try:
        after: UUID | None = UUID(int=0)
        while after is not None:
            after = _blank_comments(database, erasure_id, after)
            time.sleep(PAUSE)
        while _blank_reports(database, erasure_id) == BATCH:
            time.sleep(PAUSE)
    except SQLAlchemyError as error:
        log.error("erasure_failed", erasure=str(erasure_id), error=type(error).__name__)  # noqa: TRY400 - a traceback could quote a text
        return False
    return True


def _lock(session: Session, erasure_id: UUID) -> Erasure:
    """Return the erasure, locked until the commit, so that each comment is counted once."""
    return session.exec(
        select(Erasure).where(col(Erasure.id) == erasure_id).with_for_update()
    ).one()


def _blank_comments(database: Database, erasure_id: UUID, after: UUID) -> UUID | None:
    """Blank the member's next comments; return the id of the last, or None when none was left."""
    has_text = exists().where(col(Revision.comment_id) == col(Comment.id), col(Revision.body) != "")
    with database.write() as session:
        erasure = _lock(session, erasure_id)
        comments = session.exec(
            select(Comment)
            .where(
                col(Comment.site_id) == erasure.site_id,
                col(Comment.member_id) == erasure.member_id,
                col(Comment.id) > after,
                or_(col(Comment.state) != State.WITHDRAWN, has_text),
            )
            .order_by(col(Comment.id))
            .limit(BATCH)
            .with_for_update()
        ).all()
        if not comments:
            return None
        for comment in comments:
            if comment.state is not State.WITHDRAWN:
                change_state(
                    session, Change(comment, State.WITHDRAWN, Actor.SYSTEM, reasons=[ERASED])
                )
            comment.external_id = None
        _blank_records(session, erasure.site_id, [comment.id for comment in comments])
        erasure.comments += len(comments)
        return comments[-1].id


def _blank_records(session: Session, site_id: UUID, comment_ids: Sequence[UUID]) -> None:
    """Blank all texts in these comments, and all that was written about them."""
    bodies = select(Revision.body).where(
        col(Revision.site_id) == site_id, col(Revision.comment_id).in_(comment_ids)
    )
    forget_texts(session, site_id, session.exec(bodies))
    blanks: tuple[tuple[Any, Mapping[str, Any]], ...] = (
        (Revision, {"body": ""}),
        (Assessment, {"spans": []}),
        (Report, {"note": None}),
    )
    for table, blank in blanks:
        session.execute(
            update(table)
            .where(table.site_id == site_id, table.comment_id.in_(comment_ids))
            .values(**blank)
            .execution_options(synchronize_session=False)
        )
    _blank_answers(session, site_id, comment_ids)
    decisions = select(Decision).where(
        col(Decision.site_id) == site_id, col(Decision.comment_id).in_(comment_ids)
    )
    for decision in session.exec(decisions):
        decision.note = None
        decision.reasons = [
            {name: value for name, value in reason.items() if name != "evidence"}
            for reason in decision.reasons
        ]
    session.execute(
        delete(IdempotentRequest)
        .where(
            col(IdempotentRequest.site_id) == site_id,
            col(IdempotentRequest.comment_id).in_(comment_ids),
        )
        .execution_options(synchronize_session=False)
    )


def _blank_answers(
    session: Session, site_id: UUID, subjects: Sequence[UUID] | SelectOfScalar[UUID]
) -> None:
    """Blank receivers' answers to events about these subjects, since they may quote the event."""
    session.execute(
        update(Delivery)
        .where(col(Delivery.site_id) == site_id, col(Delivery.subject).in_(subjects))
        .values(response=None)
        .execution_options(synchronize_session=False)
    )


def _blank_reports(database: Database, erasure_id: UUID) -> int:
    """Blank the notes of the next reports by the member; return how many were blanked.

    Also blank receivers' answers to events that held the member's key, as the member's or as
    the reporter's.
    """
    with database.write() as session:
        erasure = _lock(session, erasure_id)
        reported = select(Report.comment_id).where(
            col(Report.site_id) == erasure.site_id, col(Report.reporter_id) == erasure.member_id
        )
        for subjects in ([erasure.member_id], reported):
            _blank_answers(session, erasure.site_id, subjects)
        reports = session.exec(
            select(Report)
            .where(
                col(Report.site_id) == erasure.site_id,
                and_(col(Report.reporter_id) == erasure.member_id, col(Report.note).is_not(None)),
            )
            .limit(BATCH)
            .with_for_update()
        ).all()
        for report in reports:
            report.note = None
        return len(reports)


def _complete(database: Database, erasure_id: UUID) -> None:
    now = clock.now()
    with database.write() as session:
        erasure = _lock(session, erasure_id)
        if erasure.completed_at:
            return
        erasure.completed_at = now
        about = About(
            erasure.site_id, member_id=erasure.member_id, facts={"receipt": str(erasure.id)}
        )
        record(session, EventType.MEMBER_ERASED, about, at=now)
    log.info("member_erased", erasure=str(erasure_id), site=str(erasure.site_id))
