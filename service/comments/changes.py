"""The one way a comment's state changes: with its Decision and its Event, or not at all."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from service import clock
from service.db import after_commit
from service.domain.events import EventType, event_for
from service.domain.states import Actor, State, may_change, may_undo
from service.domain.vocabulary import Lane
from service.errors import IllegalTransition, OutdatedDecision
from service.tables import Comment, Decision, Event
from service.telemetry.metrics import count_decision

UNDO_WINDOW = timedelta(seconds=10)
"""How long the event of a moderator's decision is held back, so that an undo can cancel it."""

TICK = timedelta(microseconds=1)


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
    risk: float | None = None
    """Highest score 0..1 of the revision, where it was scored for this."""
    lease: UUID | None = None
    """Where given, the comment must still be under this lease."""
    undoes: UUID | None = None
    """The decision that this one takes back."""

    @property
    def is_edit(self) -> bool:
        """Whether a new revision causes it."""
        return self.actor is Actor.AUTHOR and self.target is State.PENDING

    @property
    def is_legal(self) -> bool:
        """Whether the table of states has it."""
        if self.undoes:
            return may_undo(self.comment.state, self.target)
        return may_change(self.actor, self.comment.state, self.target)


def change_state(session: Session, change: Change) -> Decision:
    """Apply the change if the comment is still as it was read (invariants 3 and 4).

    Updates the row, adds the Decision and the Event, and leaves the commit to the
    caller. Raises IllegalTransition when the table of states forbids it, and
    OutdatedDecision when the comment's state, revision or lease has changed.
    """
    comment = change.comment
    if not change.is_legal:
        raise IllegalTransition(f"A comment that is {comment.state} cannot become {change.target}.")
    from_state, held = comment.state, _is_held(change)
    # From here on, `comment` is as the update has left it.
    if not _update(session, change):
        raise OutdatedDecision("The comment has changed since it was read. Read it again.")
    now = next_moment(session, comment)
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
        undoes=change.undoes,
        created_at=now,
    )
    session.add(decision)
    session.flush()
    release_held_events(session, comment, now)
    session.add(
        Event(
            site_id=comment.site_id,
            type=EventType.DECISION_REVERTED if change.undoes else event_for(change.target),
            comment_id=comment.id,
            revision=decision.revision,
            decision_id=decision.id,
            due_at=now + UNDO_WINDOW if held else now,
            created_at=now,
        )
    )
    after_commit(session, partial(count_decision, decision, comment))
    return decision


def release_held_events(session: Session, comment: Comment, now: datetime) -> None:
    """Make the comment's held event due: a newer one may not be numbered before it."""
    session.execute(
        update(Event)
        .where(
            col(Event.site_id) == comment.site_id,
            col(Event.comment_id) == comment.id,
            col(Event.sequence).is_(None),
            col(Event.cancelled_at).is_(None),
            col(Event.due_at) > now,
        )
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


def cancel_events(session: Session, decision: Decision) -> None:
    """Cancel what a decision caused and nobody has been told: it is about to be undone."""
    session.execute(
        update(Event)
        .where(
            col(Event.site_id) == decision.site_id,
            col(Event.decision_id) == decision.id,
            col(Event.sequence).is_(None),
            col(Event.cancelled_at).is_(None),
        )
        .values(cancelled_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _update(session: Session, change: Change) -> bool:
    comment = change.comment
    statement = (
        update(Comment)
        .where(
            col(Comment.site_id) == comment.site_id,
            col(Comment.id) == comment.id,
            col(Comment.state) == comment.state,
            col(Comment.revision) == comment.revision,
        )
        .values(_values(change))
        .execution_options(synchronize_session=False)
    )
    if change.lease:
        statement = statement.where(col(Comment.lease) == change.lease)
    updated: int = session.execute(statement).rowcount  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
    if updated:
        session.refresh(comment)
    return updated == 1


def _values(change: Change) -> dict[str, Any]:
    now = clock.now()
    values: dict[str, Any] = {
        "state": change.target,
        "lease": None,
        "leased_until": None,
        "attempts": 0,
        "claimed_by": None,
        "claimed_until": None,
    }
    if change.target is State.PENDING:
        values |= {"pending_since": now, "lane": int(Lane.COMMENTS), "risk": None}
    if change.is_edit:
        values |= {"revision": change.comment.revision + 1, "edited_at": now}
    if change.risk is not None:
        values["risk"] = change.risk
    return values


def next_moment(session: Session, comment: Comment) -> datetime:
    """Return now, but after everything that has happened to the comment.

    A clock that was set back must not turn the order of its events around; the
    row's update above keeps others from adding to them meanwhile.
    """
    last: datetime | None = session.exec(
        select(func.max(col(Event.created_at))).where(
            col(Event.site_id) == comment.site_id, col(Event.comment_id) == comment.id
        )
    ).one()
    now = clock.now()
    return now if last is None or last < now else last + TICK


def _is_held(change: Change) -> bool:
    """Hold a moderator's decision for the undo window, unless it takes something down."""
    takes_down = change.comment.state is State.APPROVED and change.target is not State.APPROVED
    return change.actor is Actor.MODERATOR and not takes_down and not change.undoes
