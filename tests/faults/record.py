"""What must hold in the tables of one site once it is quiet: read, never written."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from service.clock import LONGEST_HOLD
from service.domain.events import EventType, event_for
from service.domain.states import Actor, State, may_change, may_undo
from service.tables import Comment, Decision, Event, Revision, Site
from tests.faults.plan import POISON
from tests.support.fake_worker import TOXIC
from tests.support.record import check_assessment, check_recomputed

AUTOMATIC = (Actor.POLICY, Actor.SYSTEM)
TOXICITY = {True: 0.9, False: 0.01}
"""What the tests' engine gives a text with, and one without, its word."""

Row = TypeVar("Row", Decision, Revision, Event)


def check_tables(
    session: Session, site_id: UUID, now: datetime, *, bundled: bool = False
) -> Iterator[str]:
    """Yield everything that is wrong with the site's comments and events."""
    decisions = _by_comment(session, Decision, site_id, col(Decision.created_at))
    revisions = _by_comment(session, Revision, site_id, col(Revision.number))
    for comment in session.exec(select(Comment).where(col(Comment.site_id) == site_id)):
        chain = decisions.get(comment.id, [])
        texts = {row.number: row.body for row in revisions.get(comment.id, [])}
        for problem in [
            *check_rest(comment),
            *check_chain(comment, chain),
            *_check_texts(comment, texts),
            *_check_automatic(session, chain, {} if bundled else texts),
        ]:
            yield f"comment {comment.id}: {problem}"
    yield from _check_events(session, site_id, decisions, now)


def check_rest(comment: Comment) -> Iterator[str]:
    """Yield what is left behind on the comment's row by somebody who has gone."""
    if comment.state is State.PENDING:
        yield f"is still pending, after {comment.attempts} attempts"
    if comment.lease is not None:
        yield f"is under a lease until {comment.leased_until}"
    if comment.attempts:
        yield f"has {comment.attempts} attempts left on it"
    if comment.claimed_until and comment.state is not State.FLAGGED:
        yield f"is {comment.state}, but claimed"


def check_chain(comment: Comment, decisions: Sequence[Decision]) -> Iterator[str]:
    """Yield where the decisions do not lead, step by legal step, to the comment as it is."""
    state, revision = State.PENDING, 1
    by_id = {decision.id: decision for decision in decisions}
    automatic: Counter[int] = Counter()
    for decision in decisions:
        if decision.from_state is not state:
            yield f"a decision from {decision.from_state} where the state was {state}"
        revision += decision.actor is Actor.AUTHOR and decision.to_state is State.PENDING
        if decision.revision != revision:
            yield f"a decision on revision {decision.revision} where {revision} was current"
        if not _is_legal(decision, by_id):
            yield f"{decision.actor} went from {decision.from_state} to {decision.to_state}"
        automatic[revision] += decision.actor in AUTOMATIC and decision.from_state is State.PENDING
        state = decision.to_state
    if (state, revision) != (comment.state, comment.revision):
        told = f"{comment.state} at revision {comment.revision}"
        yield f"is {told}, but its decisions lead to {state} at revision {revision}"
    for number, count in automatic.items():
        if count > 1:
            yield f"revision {number} was decided {count} times automatically"


def _is_legal(decision: Decision, by_id: dict[UUID, Decision]) -> bool:
    if decision.undoes is None:
        return may_change(decision.actor, decision.from_state, decision.to_state)
    undone = by_id.get(decision.undoes)
    return (
        undone is not None
        and undone.actor is decision.actor is Actor.MODERATOR
        and may_undo(decision.from_state, decision.to_state)
        and (undone.to_state, undone.from_state) == (decision.from_state, decision.to_state)
    )


def _check_texts(comment: Comment, texts: dict[int, str]) -> Iterator[str]:
    if sorted(texts) != list(range(1, comment.revision + 1)):
        yield f"has the texts {sorted(texts)} and is at revision {comment.revision}"


def _check_automatic(
    session: Session, decisions: Sequence[Decision], texts: dict[int, str]
) -> Iterator[str]:
    """Yield where a decision does not follow from its record, or its record not from the text."""
    for decision in decisions:
        if decision.actor not in AUTOMATIC or decision.to_state is State.WITHDRAWN:
            continue
        try:
            check_assessment(session, decision)
            check_recomputed(session, decision)
        except AssertionError as error:
            yield f"decision {decision.id} does not follow from its record: {error}"
        text = texts.get(decision.revision)
        if text is None:
            continue
        if any(word in text for word in POISON) and decision.to_state is not State.FLAGGED:
            yield f"what cannot be scored became {decision.to_state}"
        forms = decision.facts["forms"].values()
        if any(form["toxicity"] != TOXICITY[TOXIC in text] for form in forms):
            yield f"decision {decision.id} rests on the scores of another text"


def _check_events(
    session: Session, site_id: UUID, decisions: dict[UUID, list[Decision]], now: datetime
) -> Iterator[str]:
    events = _by_comment(session, Event, site_id, col(Event.created_at))
    numbered = [e for rows in events.values() for e in rows if e.sequence is not None]
    numbers = sorted(event.sequence or 0 for event in numbered)
    given = session.get_one(Site, site_id).event_sequence
    if numbers != list(range(1, given + 1)):
        yield f"the events have the numbers {_gaps(numbers)}, and {given} were given"
    for comment_id, rows in events.items():
        for problem in check_told(decisions.get(comment_id, []), rows, now):
            yield f"comment {comment_id}: {problem}"
    for comment_id in decisions.keys() - events.keys():
        yield f"comment {comment_id}: no event tells of its decisions"


def check_told(
    decisions: Sequence[Decision], events: Sequence[Event], now: datetime
) -> Iterator[str]:
    """Yield where the events of a comment do not tell of its decisions, once and in order."""
    told = Counter(event.decision_id for event in events)
    for decision in decisions:
        expected = EventType.DECISION_REVERTED if decision.undoes else event_for(decision.to_state)
        mine = [event for event in events if event.decision_id == decision.id]
        if [event.type for event in mine] != [expected]:
            yield f"{told[decision.id]} events tell of decision {decision.id}"
    sequences = [event.sequence for event in events if event.sequence is not None]
    if sequences != sorted(sequences):
        yield f"its events have the numbers {sequences} in the order of its changes"
    undone = {decision.undoes for decision in decisions}
    for event in events:
        if event.cancelled_at is not None:
            if event.decision_id not in undone or event.sequence is not None:
                yield f"event {event.id} was cancelled, but not undone"
        elif event.sequence is None and not now < event.due_at <= now + LONGEST_HOLD:
            yield f"event {event.id} was due at {event.due_at} and has no number"


def _gaps(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:5])) + f" … {numbers[-1]}" if numbers else "none"


def _by_comment(
    session: Session, table: type[Row], site_id: UUID, place: Mapped[Any]
) -> dict[UUID, list[Row]]:
    """Return the site's rows by comment, in the order of that column."""
    rows: dict[UUID, list[Row]] = defaultdict(list)
    for row in session.exec(select(table).where(col(table.site_id) == site_id).order_by(place)):
        if row.comment_id is not None:
            rows[row.comment_id].append(row)
    return rows
