"""`netiquette retention resume`, as an operator confirms the clock with it."""

from datetime import timedelta

from service import clock
from service.db import Database
from service.events import retention
from service.tables import Retention
from tests.service.commands.conftest import Run


def test_confirming_the_clock_ends_the_alarm(run: Run, database: Database) -> None:
    now = clock.now()
    with database.write() as session:
        session.add(Retention(id=1, trusted_at=now - timedelta(days=40)))
        session.flush()
        assert not retention.trusts(session, now)
        retention.hold(session, now)
    assert "goes on" in run("retention", "resume").stdout
    with database.write() as session:
        assert not retention.is_held(session)
        assert retention.trusts(session, clock.now())


def test_before_the_first_sweep_it_does_no_harm(run: Run, database: Database) -> None:
    run("retention", "resume")
    with database.read() as session:
        assert session.get_one(Retention, 1).held_since is None
