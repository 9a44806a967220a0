"""Store results: assessment, decision and event, unless the comment has changed meanwhile."""

from collections.abc import Sequence

import structlog
from sqlmodel import Session, col, select

from service import clock
from service.comments.changes import Change, change_state
from service.db import Database
from service.errors import OutdatedDecision
from service.ids import new_id
from service.policies.gathering import Background, gather
from service.policy.facts import Facts, Language
from service.policy.judgement import judge
from service.tables import Assessment, Comment
from service.telemetry.metrics import count_lost_leases
from workers.engines import Engine, Scored
from workers.scoring.leases import SPENT, Batch, free

CRASH_OR_HANG = "crash_or_hang"
"""The cause of a failure without an error: the worker died, or was killed at the time limit."""

SPENT_AT_ONCE = 50

log = structlog.get_logger(__name__)


def store(database: Database, engine: Engine, batch: Batch, results: Sequence[Scored]) -> None:
    """Decide each revision of the batch that is still under its lease, in one transaction.

    Revisions that were edited, withdrawn or decided meanwhile are left out, and their scores
    are not stored, since nobody needs the scores of an old text.
    """
    scored = {item.comment_id: result for item, result in zip(batch.items, results, strict=True)}
    revisions = {item.comment_id: item.revision for item in batch.items}
    with database.write() as session:
        held = _hold(session, batch)
        background = gather(session, held)
        decided = sum(
            _decide_scored(session, background, engine, comment, scored[comment.id])
            for comment in held
            if comment.revision == revisions.get(comment.id)
        )
    count_lost_leases("outdated", len(batch.items) - decided)


def store_failure(database: Database, batch: Batch, cause: str) -> None:
    """Flag the revisions of a batch that failed for good, for a person to look at.

    What else is under its lease stays there.
    """
    revisions = {item.comment_id: item.revision for item in batch.items}
    with database.write() as session:
        held = [
            comment
            for comment in _hold(session, batch)
            if comment.revision == revisions.get(comment.id)
        ]
        background = gather(session, held)
        for comment in held:
            _decide(session, background, comment, background.facts(comment, {}, cause))


def set_aside_spent(database: Database) -> None:
    """Flag comments that were leased too often without a decision, so that a moderator decides.

    They are flagged at once, however long the queue before them is.
    """
    spent = select(Comment).where(SPENT).order_by(col(Comment.id)).limit(SPENT_AT_ONCE)
    with database.read() as session:
        if not session.exec(spent.where(free(clock.now()))).all():
            return
    with database.write() as session:
        query = spent.where(free(clock.now())).with_for_update(skip_locked=True)
        comments = session.exec(query).all()
        background = gather(session, comments)
        for comment in comments:
            facts = background.facts(comment, {}, CRASH_OR_HANG)
            _decide(session, background, comment, facts)
    count_lost_leases("expired", len(comments))


def _hold(session: Session, batch: Batch) -> Sequence[Comment]:
    """Return the comments still under the batch's lease, locked against reports and edits."""
    query = select(Comment).where(col(Comment.lease) == batch.lease).order_by(col(Comment.id))
    return session.exec(query.with_for_update()).all()


def _decide_scored(
    session: Session, background: Background, engine: Engine, comment: Comment, result: Scored
) -> bool:
    """Decide by a result; see `_decide`."""
    language = Language.of(result.detection, engine.languages)
    facts = background.facts(comment, result.forms, language=language)
    return _decide(session, background, comment, facts, _assessment(engine, comment, result))


def _assessment(engine: Engine, comment: Comment, result: Scored) -> Assessment:
    return Assessment(
        id=new_id(),
        site_id=comment.site_id,
        comment_id=comment.id,
        revision=comment.revision,
        model=engine.model,
        scores=result.scores,
        spans=result.spans,
        language=result.language,
        forms=result.forms,
        provenance={**engine.provenance, **result.details},
        duration=result.duration,
    )


def _decide(
    session: Session,
    background: Background,
    comment: Comment,
    facts: Facts,
    assessment: Assessment | None = None,
) -> bool:
    """Write assessment, decision and event together; tell whether they were written.

    Nothing is written if the comment has changed meanwhile.
    """
    policy = background.policies[comment.site_id]
    judgement = judge(policy.document, facts)
    change = Change(
        comment=comment,
        target=judgement.state,
        actor=judgement.actor,
        reasons=[reason.stored() for reason in judgement.reasons],
        policy=policy.version,
        assessment_id=assessment.id if assessment else None,
        risk=judgement.risk,
        facts=facts.model_dump(mode="json"),
    )
    event = log.bind(site=str(comment.site_id), comment=str(comment.id), revision=comment.revision)
    try:
        with session.begin_nested():
            if assessment:
                session.add(assessment)
                session.flush()
            change_state(session, change)
    except OutdatedDecision:
        event.info("decision_outdated")
        return False
    if facts.failure:
        event.warning("scoring_failed", cause=facts.failure)
    return True
