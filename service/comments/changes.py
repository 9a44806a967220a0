"""The one way a comment's state changes: with its Decision and its Event, or not at all."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col

from service import clock
from service.domain.events import event_for
from service.domain.states import Actor, State, may_change
from service.domain.vocabulary import Lane
from service.errors import IllegalTransition, OutdatedDecision
from service.tables import Comment, Decision, Event

UNDO_WINDOW = timedelta(seconds=10)
"""How long the event of a moderator's decision is held back, so that an undo can cancel it."""


@dataclass(frozen=True)
class Change:
    """A state change as intended, against the comment as it was read."""

    comment: Comment
    target: State
    actor: Actor
    reasons: list[dict[str, Any]] = field(default_factory=list)
    note: str | None = None
    policy: int | None = None
    moderator_id: UUID | None = None
    assessment_id: UUID | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    lease: UUID | None = None
    """Where given, the comment must still be under this lease."""


def change_state(session: Session, change: Change) -> Decision:
    """Apply the change if the comment is still as it was read (invariants 3 and 4).

    Updates the row, adds the Decision and the Event, and leaves the commit to the
    caller. Raises IllegalTransition when the table of states forbids it, and
    OutdatedDecision when the comment's state, revision or lease has changed.
    """
    comment = change.comment
    if not may_change(change.actor, comment.state, change.target):
        raise IllegalTransition(f"A comment that is {comment.state} cannot become {change.target}.")
    now = clock.now()
    from_state, due_at = comment.state, _due(change, now)
    # From here on, `comment` is as the update has left it.
    if not _update(session, change, now):
        raise OutdatedDecision("The comment has changed since it was read. Read it again.")
    decision = Decision(
        site_id=comment.site_id,
        comment_id=comment.id,
        revision=comment.revision,
        from_state=from_state,
        to_state=change.target,
        actor=change.actor,
        policy=change.policy,
        moderator_id=change.moderator_id,
        assessment_id=change.assessment_id,
        reasons=change.reasons,
        note=change.note,
        facts=change.facts,
        created_at=now,
    )
    session.add(decision)
    session.flush()
    session.add(
        Event(
            site_id=comment.site_id,
            type=event_for(change.target),
            comment_id=comment.id,
            revision=decision.revision,
            decision_id=decision.id,
            due_at=due_at,
            created_at=now,
        )
    )
    return decision


def _update(session: Session, change: Change, now: datetime) -> bool:
    comment = change.comment
    values: dict[str, Any] = {
        "state": change.target,
        # Only an edit leads to pending, and it adds a revision.
        "revision": comment.revision + (change.target is State.PENDING),
        "lease": None,
        "leased_until": None,
        "attempts": 0,
    }
    if change.target is State.PENDING:
        values |= {"pending_since": now, "edited_at": now, "lane": int(Lane.COMMENTS)}
    statement = (
        update(Comment)
        .where(
            col(Comment.site_id) == comment.site_id,
            col(Comment.id) == comment.id,
            col(Comment.state) == comment.state,
            col(Comment.revision) == comment.revision,
        )
        .values(values)
        .execution_options(synchronize_session=False)
    )
    if change.lease:
        statement = statement.where(col(Comment.lease) == change.lease)
    updated: int = session.execute(statement).rowcount  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
    if updated:
        session.refresh(comment)
    return updated == 1


def _due(change: Change, now: datetime) -> datetime:
    """Hold a moderator's decision for the undo window, unless it takes something down."""
    takes_down = change.comment.state is State.APPROVED and change.target is not State.APPROVED
    if change.actor is Actor.MODERATOR and not takes_down:
        return now + UNDO_WINDOW
    return now
