"""Storing what the engine found: assessment, decision and event, if nothing changed meanwhile."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlmodel import Session, col, or_, select

from service import clock
from service.comments.changes import Change, change_state
from service.db import Database
from service.domain.states import Actor, State
from service.domain.vocabulary import MemberStatus
from service.errors import OutdatedDecision
from service.ids import new_id
from service.members.status import current_status
from service.policy.facts import Facts
from service.policy.judgement import judge
from service.reports.repository import count_reporters
from service.tables import Assessment, Comment, Decision, Member, Policy, Site
from service.telemetry.metrics import count_lost_leases
from workers.engines import Engine, Scored
from workers.leases import SPENT, Batch, free

CRASH_OR_HANG = "crash_or_hang"
"""The cause where no error was seen: the worker died, or was killed at the time limit."""

SPENT_AT_ONCE = 50

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Background:
    """What the policy consults besides the scores, for the comments of one transaction."""

    sites: dict[UUID, tuple[int, Mapping[str, Any] | None]]
    """Site → version and document of its active policy."""
    statuses: dict[UUID, MemberStatus]
    looked_at: frozenset[UUID]
    """Comments that were flagged before, or decided by a moderator."""
    reporters: Mapping[UUID, int]
    """Comment → different members whose reports of it are open; none is left out."""

    @classmethod
    def read(cls, session: Session, comments: Iterable[Comment]) -> "_Background":
        """Read it all in four queries."""
        comments = list(comments)
        policies = (
            select(Site.id, Site.active_policy, Policy.document)
            .join(
                Policy,
                (col(Policy.site_id) == col(Site.id))
                & (col(Policy.version) == col(Site.active_policy)),
                isouter=True,
            )
            .where(col(Site.id).in_({comment.site_id for comment in comments}))
        )
        members = select(Member).where(col(Member.id).in_({c.member_id for c in comments}))
        looked_at = select(Decision.comment_id).where(
            col(Decision.comment_id).in_([comment.id for comment in comments]),
            or_(
                col(Decision.to_state) == State.FLAGGED,
                col(Decision.actor) == Actor.MODERATOR,
            ),
        )
        now = clock.now()
        return cls(
            sites={
                site_id: (version, document)
                for site_id, version, document in session.exec(policies)
            },
            statuses={member.id: current_status(member, now) for member in session.exec(members)},
            looked_at=frozenset(session.exec(looked_at)),
            reporters=count_reporters(session, [comment.id for comment in comments]),
        )


def store(database: Database, engine: Engine, batch: Batch, results: Sequence[Scored]) -> None:
    """Decide each revision of the batch that is still under its lease, in one transaction.

    What was edited, withdrawn or decided meanwhile is left out, with its
    assessment: nobody will ever need the scores of a text that is gone.
    """
    scored = {item.comment_id: result for item, result in zip(batch.items, results, strict=True)}
    revisions = {item.comment_id: item.revision for item in batch.items}
    with database.write() as session:
        held = _hold(session, batch)
        background = _Background.read(session, held)
        decided = sum(
            _decide(session, background, comment, _assessment(engine, comment, scored))
            for comment in held
            if comment.revision == revisions.get(comment.id)
        )
    count_lost_leases("outdated", len(batch.items) - decided)


def store_failure(database: Database, batch: Batch, cause: str) -> None:
    """Flag the revisions of a batch that failed for good, for a person to look at."""
    with database.write() as session:
        held = _hold(session, batch)
        background = _Background.read(session, held)
        for comment in held:
            _decide(session, background, comment, None, cause)


def set_aside_spent(database: Database) -> None:
    """Flag what was leased too often and never decided; however long the queue before it."""
    spent = select(Comment).where(SPENT).order_by(col(Comment.id)).limit(SPENT_AT_ONCE)
    with database.read() as session:
        if not session.exec(spent.where(free(clock.now()))).all():
            return
    with database.write() as session:
        query = spent.where(free(clock.now())).with_for_update(skip_locked=True)
        comments = session.exec(query).all()
        background = _Background.read(session, comments)
        for comment in comments:
            _decide(session, background, comment, None, CRASH_OR_HANG)
    count_lost_leases("expired", len(comments))


def _hold(session: Session, batch: Batch) -> Sequence[Comment]:
    """Return what is still under the batch's lease; reports and edits of it wait from now on."""
    query = select(Comment).where(col(Comment.lease) == batch.lease).order_by(col(Comment.id))
    return session.exec(query.with_for_update()).all()


def _assessment(engine: Engine, comment: Comment, scored: dict[UUID, Scored]) -> Assessment:
    result = scored[comment.id]
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
    background: _Background,
    comment: Comment,
    assessment: Assessment | None,
    failure: str | None = None,
) -> bool:
    """Write assessment, decision and event together, or nothing if the comment has changed.

    Tells which.
    """
    version, document = background.sites[comment.site_id]
    facts = Facts(
        forms=assessment.forms if assessment else {},
        failure=failure,
        member_status=background.statuses[comment.member_id],
        previously_flagged=comment.id in background.looked_at,
        reporters=background.reporters.get(comment.id, 0),
    )
    judgement = judge(document, facts)
    change = Change(
        comment=comment,
        target=judgement.state,
        actor=judgement.actor,
        reasons=[reason.stored() for reason in judgement.reasons],
        policy=version,
        assessment_id=assessment.id if assessment else None,
        risk=max(assessment.scores.values(), default=None) if assessment else None,
        facts=facts.model_dump(mode="json"),
        lease=comment.lease,
    )
    told = log.bind(site=str(comment.site_id), comment=str(comment.id), revision=comment.revision)
    try:
        with session.begin_nested():
            if assessment:
                session.add(assessment)
                session.flush()
            change_state(session, change)
    except OutdatedDecision:
        told.info("decision_outdated")
        return False
    if failure:
        told.warning("scoring_failed", cause=failure)
    return True
