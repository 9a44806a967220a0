"""Changes a comment's state, always together with its Decision and its Event.

No other code changes the state of a comment.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col

from service import clock
from service.db import after_commit
from service.domain.events import EventType, event_for
from service.domain.states import Actor, State, may_change, may_undo
from service.domain.vocabulary import Lane
from service.errors import IllegalTransition, OutdatedDecision
from service.events import outbox
from service.tables import Comment, Decision
from service.telemetry.metrics import count_decision


@dataclass(frozen=True)
class Change:
    """A state change that is intended, based on the comment as it was read."""

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
    """Highest score, 0..1, that the policy judges; None unless it was scored for this change."""
    lane: Lane = Lane.COMMENTS
    """The lane of a comment that becomes pending."""
    undoes: UUID | None = None
    """The decision that this change undoes, if any."""

    @property
    def is_edit(self) -> bool:
        """Whether a new revision causes the change."""
        return self.actor is Actor.AUTHOR and self.target is State.PENDING

    @property
    def is_legal(self) -> bool:
        """Whether the table of states allows the change."""
        if self.undoes:
            return may_undo(self.comment.state, self.target)
        return may_change(self.actor, self.comment.state, self.target)


def change_state(session: Session, change: Change) -> Decision:
    """Apply the change if the comment is still as it was read (invariants 3 and 4).

    Updates the row, and adds the Decision and the Event; the caller commits. Raises
    IllegalTransition when the table of states forbids the change, and OutdatedDecision
    when the comment's state or revision has changed.
    """
    comment = change.comment
    if not change.is_legal:
        raise IllegalTransition(f"A comment that is {comment.state} cannot become {change.target}.")
    from_state, held = comment.state, _is_held(change)
    # The update also refreshes `comment`, so the old state was kept above.
    if not _update(session, change):
        raise OutdatedDecision("The comment has changed since it was read. Read it again.")
    now = outbox.next_moment(session, comment)
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
    outbox.release(session, comment, now)
    outbox.record(
        session,
        EventType.DECISION_REVERTED if change.undoes else event_for(change.target),
        outbox.about_decision(decision),
        at=now,
        due=now + outbox.UNDO_WINDOW if held else None,
    )
    after_commit(session, partial(count_decision, decision, comment))
    return decision


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
        values |= {"pending_since": now, "lane": int(change.lane), "risk": None}
    if change.is_edit:
        values |= {"revision": change.comment.revision + 1, "edited_at": now}
    if change.risk is not None:
        values["risk"] = change.risk
    return values


def _is_held(change: Change) -> bool:
    """Tell whether the event of the change waits for the undo window.

    A moderator's decision waits, unless it takes an approved comment down or is an undo.
    """
    takes_down = change.comment.state is State.APPROVED and change.target is not State.APPROVED
    return change.actor is Actor.MODERATOR and not takes_down and not change.undoes
