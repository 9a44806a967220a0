"""What a caller of an analysis meets when nobody scores it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import delete
from sqlmodel import select

from service import clock
from service.analyses.use_cases import analyze, find_answered
from service.errors import AnalysesBusy, AnalysisTimeout
from service.http.context import Context
from service.http.waiting import Waiters
from service.ids import new_id
from service.tables import SCORER_SILENT_AFTER, Analysis, Scorer
from service.testing.backend import Backend
from service.testing.rows import add_site


@pytest.fixture
def context(backend: Backend) -> Context:
    """Return the context of the API, with a worker's sign of life, and waiters of its own."""
    found: Context = backend.client.app.state.context  # type: ignore[attr-defined]  # a FastAPI
    _seen(backend, 0)
    return replace(found, analysis_waiters=Waiters(partial(find_answered, backend.database), None))


def _seen(backend: Backend, ago: float) -> None:
    with backend.database.write() as session:
        # What other tests have left there would count as waiting.
        for table in (Analysis, Scorer):
            session.execute(delete(table))
        at = clock.now() - SCORER_SILENT_AFTER * ago
        session.add(Scorer(id="test:1", model="f" * 64, started_at=at, seen_at=at))


def _left(backend: Backend) -> int:
    with backend.database.read() as session:
        return len(
            session.exec(select(Analysis).where(Analysis.site_id == backend.rows.site_id)).all()
        )


def test_the_deadline_ends_it_and_the_text(backend: Backend, context: Context) -> None:
    with pytest.raises(AnalysisTimeout):
        asyncio.run(analyze(context, backend.rows.site_id, "Hallo", 0.2))
    assert _left(backend) == 0


def test_without_workers_nobody_waits(backend: Backend, context: Context) -> None:
    _seen(backend, 1.1)
    with pytest.raises(AnalysesBusy):
        asyncio.run(analyze(context, backend.rows.site_id, "Hallo"))
    assert _left(backend) == 0


def test_too_many_of_a_site_are_sent_away_before_a_text_is_stored(
    backend: Backend, context: Context
) -> None:
    settings = context.settings.model_copy(update={"max_waiters": 1})
    crowded = replace(context, settings=settings)
    another = add_site(backend.database, f"kleinblatt-{new_id()}").site_id

    async def one_after_the_other() -> None:
        first = asyncio.create_task(analyze(crowded, backend.rows.site_id, "Hallo", 1))
        await asyncio.sleep(0.4)
        with pytest.raises(AnalysesBusy):
            await analyze(crowded, backend.rows.site_id, "Hallo")
        assert _left(backend) == 1
        with pytest.raises(AnalysisTimeout):
            await analyze(crowded, another, "Hallo", 0.2)
        with pytest.raises(AnalysisTimeout):
            await first

    asyncio.run(one_after_the_other())


def test_what_a_crash_has_left_behind_takes_no_place(backend: Backend, context: Context) -> None:
    with backend.database.write() as session:
        # Somebody waits, two are long gone, and one is from before the clock was set back.
        for seconds in (30, -0.001, -3600, 3600):
            deadline = clock.now() + timedelta(seconds=seconds)
            session.add(Analysis(site_id=backend.rows.site_id, body="Hallo", deadline=deadline))

    def ask(places: int) -> None:
        settings = context.settings.model_copy(update={"max_waiters": places})
        asyncio.run(analyze(replace(context, settings=settings), backend.rows.site_id, "Hi", 0.2))

    with pytest.raises(AnalysisTimeout):
        ask(2)
    with pytest.raises(AnalysesBusy, match="too many"):
        ask(1)


def test_a_service_that_ends_sends_away_and_keeps_nothing(
    backend: Backend, context: Context
) -> None:
    context.analysis_waiters.close()
    with pytest.raises(AnalysesBusy):
        asyncio.run(analyze(context, backend.rows.site_id, "Hallo"))
    assert _left(backend) == 0
