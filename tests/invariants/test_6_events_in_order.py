"""Invariant 6: events are numbered without gaps, in order per comment, once and for all."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlmodel import col, func, select

from service import clock
from service.clock import LONGEST_HOLD
from service.comments.changes import Change, change_state
from service.comments.repository import lock_comment
from service.db import Database
from service.domain.events import EventType
from service.domain.states import Actor, State, may_change
from service.events import sequencer
from service.events.sequencer import number_due_events
from service.ids import new_id
from service.tables import Event, Site
from service.testing.rows import FrozenClock, SiteRows, add_comments, add_site, frozen_clock

COMMENTS = 3

Move = tuple[Any, ...]
"""The name of a method of `Told`, or `clock`, and what it takes."""

comment = st.integers(0, COMMENTS - 1)
change = st.tuples(
    st.just("change"),
    comment,
    st.sampled_from(
        [
            (Actor.AUTHOR, State.PENDING),
            (Actor.POLICY, State.APPROVED),
            (Actor.POLICY, State.FLAGGED),
            (Actor.MODERATOR, State.APPROVED),
            (Actor.MODERATOR, State.REJECTED),
            (Actor.MODERATOR, State.FLAGGED),
        ]
    ),
)
withdrawal = st.tuples(st.just("change"), comment, st.just((Actor.AUTHOR, State.WITHDRAWN)))
undo = st.tuples(st.just("undo"), comment)
step = st.tuples(st.just("clock"), st.sampled_from([-86_400, -25, -12, -3, 0.001, 3, 11, 3600]))
numbering = st.tuples(st.just("number"))
steps = st.lists(
    st.one_of(change, change, change, undo, step, numbering, withdrawal), min_size=4, max_size=30
)


@dataclass
class Told:
    """What should be told of a site, and what was."""

    database: Database
    site_id: UUID
    comments: list[UUID]
    changes: dict[UUID, list[UUID]] = field(default_factory=dict)
    """The events of each comment in the order of its changes."""
    cancelled: set[UUID] = field(default_factory=set)
    numbers: dict[UUID, int] = field(default_factory=dict)

    def change(self, place: int, how: tuple[Actor, State]) -> None:
        actor, target = how
        with self.database.write() as session:
            found = lock_comment(session, self.site_id, self.comments[place])
            if not may_change(actor, found.state, target):
                return
            decision = change_state(session, Change(found, target, actor))
            session.flush()
            event = session.exec(select(Event.id).where(Event.decision_id == decision.id)).one()
        self.changes.setdefault(found.id, []).append(event)

    def undo(self, place: int) -> None:
        """Cancel the event of the comment's last change while it is held."""
        events = self.changes.get(self.comments[place])
        if not events:
            return
        with self.database.write() as session:
            cancelled = session.execute(
                update(Event)
                .where(
                    col(Event.id) == events[-1],
                    col(Event.sequence).is_(None),
                    col(Event.due_at) > clock.now(),
                )
                .values(cancelled_at=clock.now())
            )
        if cancelled.rowcount:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
            self.cancelled.add(events[-1])

    def number(self) -> None:
        with self.database.write() as session:
            number_due_events(session, self.site_id, clock.now())
        self.check()

    def check(self) -> None:
        numbers = self._read()
        assert sorted(numbers.values()) == list(range(1, len(numbers) + 1))
        assert self.numbers.items() <= numbers.items(), "a number has changed"
        assert not self.cancelled & numbers.keys()
        for events in self.changes.values():
            kept = [event for event in events if event not in self.cancelled]
            told = [event for event in kept if event in numbers]
            assert told == kept[: len(told)], "a newer event came before an older one"
            assert [numbers[event] for event in told] == sorted(numbers[event] for event in told)
        self.numbers = numbers

    def check_complete(self) -> None:
        everything = {event for events in self.changes.values() for event in events}
        assert self.numbers.keys() == everything - self.cancelled

    def _read(self) -> dict[UUID, int]:
        with self.database.read() as session:
            events = session.exec(select(Event).where(Event.site_id == self.site_id)).all()
            numbers = {event.id: event.sequence for event in events if event.sequence is not None}
            assert session.get_one(Site, self.site_id).event_sequence == len(numbers)
        return numbers

    def play(self, frozen: FrozenClock, moves: list[Move]) -> None:
        for name, *arguments in moves:
            if name == "clock":
                frozen.advance(*arguments)
            else:
                getattr(self, name)(*arguments)


def new_site(database: Database) -> SiteRows:
    return add_site(database, f"zeitung-{new_id()}")


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps)
def test_whatever_happens_events_are_in_order(database: Database, moves: list[Move]) -> None:
    with frozen_clock() as frozen:
        rows = new_site(database)
        told = Told(database, rows.site_id, add_comments(database, rows, *"abc"))
        told.play(frozen, moves)
        told.number()
        frozen.advance(LONGEST_HOLD.total_seconds())
        told.number()
        told.check_complete()


def test_a_held_event_is_numbered_before_a_newer_change(database: Database) -> None:
    with frozen_clock() as frozen:
        rows = new_site(database)
        told = Told(database, rows.site_id, add_comments(database, rows, *"ab"))
        held = ("change", 0, (Actor.MODERATOR, State.APPROVED))
        other = ("change", 1, (Actor.POLICY, State.APPROVED))
        told.play(frozen, [held, other, ("number",)])
        assert len(told.numbers) == 1, "the decision of the moderator is held back"
        told.play(frozen, [("clock", 1), ("change", 0, (Actor.AUTHOR, State.PENDING)), ("number",)])
        first, second = told.changes[told.comments[0]]
        assert (told.numbers[first], told.numbers[second]) == (2, 3)


def test_a_clock_set_back_holds_nothing_up(database: Database) -> None:
    with frozen_clock() as frozen:
        rows = new_site(database)
        told = Told(database, rows.site_id, add_comments(database, rows, "a"))
        told.play(frozen, [("change", 0, (Actor.POLICY, State.FLAGGED)), ("clock", -3600)])
        told.play(frozen, [("change", 0, (Actor.MODERATOR, State.APPROVED)), ("number",)])
        told.check_complete()


def test_sites_have_numbers_of_their_own(database: Database) -> None:
    for _ in range(2):
        rows = new_site(database)
        told = Told(database, rows.site_id, add_comments(database, rows, "a"))
        told.change(0, (Actor.POLICY, State.APPROVED))
        told.number()
        assert list(told.numbers.values()) == [1]


def test_sequencers_at_once_with_writers_and_undos(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three processes number (here: connection pools of their own) while events come and go."""
    monkeypatch.setattr(sequencer, "BATCH", 20)
    rows = new_site(database)
    add_events(database, rows, 200)
    arrived = threading.Event()

    def write() -> None:
        for _ in range(15):
            add_events(database, rows, 10)
        arrived.set()

    def cancel() -> None:
        while not arrived.is_set():
            with database.write() as session:
                unnumbered = select(Event.id).where(
                    col(Event.site_id) == rows.site_id, col(Event.sequence).is_(None)
                )
                event = session.exec(unnumbered.order_by(col(Event.id).desc()).limit(1)).first()
                session.execute(
                    update(Event)
                    .where(col(Event.id) == event, col(Event.sequence).is_(None))
                    .values(cancelled_at=clock.now())
                )

    def number() -> None:
        own = Database(database_url)
        while True:
            last = arrived.is_set()
            with own.write() as session:
                numbered = number_due_events(session, rows.site_id, clock.now())
            if last and not numbered:
                break
        own.dispose()

    with ThreadPoolExecutor() as pool:
        for work in [pool.submit(task) for task in (write, cancel, number, number, number)]:
            work.result()
    with database.read() as session:
        events = session.exec(select(Event).where(Event.site_id == rows.site_id)).all()
        assert len(events) == 350
        numbers = [event.sequence for event in events if not event.cancelled_at]
        assert sorted(numbers, key=lambda number: number or 0) == list(range(1, len(numbers) + 1))
        assert all(event.sequence is None for event in events if event.cancelled_at)
        assert session.get_one(Site, rows.site_id).event_sequence == len(numbers)


def test_an_undo_that_comes_first_is_waited_for(database: Database) -> None:
    rows = new_site(database)
    add_events(database, rows, 2)

    def number() -> int:
        with database.write() as session:
            return number_due_events(session, rows.site_id, clock.now())

    with ThreadPoolExecutor() as pool:
        with database.write() as session:
            last = select(func.max(Event.created_at)).where(Event.site_id == rows.site_id)
            undone = update(Event).where(col(Event.created_at) == session.exec(last).one())
            session.execute(undone.values(cancelled_at=clock.now()))
            numbering = pool.submit(number)
            time.sleep(0.3)
        assert numbering.result() == 1
    with database.read() as session:
        told = select(Event.sequence, Event.cancelled_at).where(Event.site_id == rows.site_id)
        assert sum(bool(sequence and cancelled) for sequence, cancelled in session.exec(told)) == 0


def add_events(database: Database, rows: SiteRows, count: int) -> None:
    with database.write() as session:
        now = clock.now()
        session.add_all(
            Event(
                site_id=rows.site_id,
                type=EventType.MEMBER_ERASED,
                member_id=rows.member_id,
                due_at=now - timedelta(seconds=1),
            )
            for _ in range(count)
        )
