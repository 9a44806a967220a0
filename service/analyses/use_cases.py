"""Asks the workers for the scores of a text, and waits for them.

The text waits in the database; the message to the workers names a lane alone (invariant 8). The
caller's process deletes the row with the answer. After a crash, the sweep deletes it at
its deadline.
"""

import time
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func
from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool

from service import clock
from service.analyses.results import Failure, Result
from service.db import Database, after_commit
from service.domain.vocabulary import Lane
from service.errors import AnalysesBusy, AnalysisTimeout, NetiquetteError, Unscorable
from service.health.scorers import is_silent, last_seen
from service.http.context import Context
from service.tables import Analysis
from service.tables.conditions import has_ended
from service.telemetry.metrics import SCORED, count_analysis

MAX_SECONDS = 10.0
"""Most seconds that a caller waits."""

MAX_AHEAD = timedelta(seconds=50)
"""A deadline further ahead than this counts as passed: the clock was set back since.

It is much more than MAX_SECONDS, because the clocks of two machines differ, and because
`now` is read some time before it is compared. Still, a text is gone after 60 s even if
the clock is set back.
"""

CROWDED = "Your site waits for too many analyses. Try again in a few seconds."
ENDING = "The service is about to restart. Try again in a few seconds."


async def analyze(
    context: Context, site_id: UUID, body: str, seconds: float = MAX_SECONDS
) -> Result:
    """Return the active model's scores of a text, waiting for at most `seconds`.

    Raises AnalysesBusy at once when too many callers of the site already wait, or when no
    worker can score. (Callers that come at the same moment may exceed the limit by a few.)
    Raises AnalysisTimeout when the scores do not come in time, and Unscorable when the
    model cannot score the text. The text is not kept in any of these cases.
    """
    started = time.perf_counter()
    try:
        result = await _ask(context, site_id, body, min(seconds, MAX_SECONDS))
    except NetiquetteError as error:
        count_analysis(error.slug, time.perf_counter() - started)
        raise
    count_analysis(SCORED, time.perf_counter() - started)
    return result


async def _ask(context: Context, site_id: UUID, body: str, seconds: float) -> Result:
    analysis_id = await run_in_threadpool(_begin, context, site_id, body, seconds)
    try:
        if not await context.analysis_waiters.wait(analysis_id, seconds):
            raise AnalysesBusy(ENDING)
    finally:
        result = await run_in_threadpool(_end, context.database, analysis_id)
    if result is None:
        raise AnalysisTimeout("The scores did not come in time; nothing was kept. Try again.")
    if isinstance(result, Failure):
        raise Unscorable(
            "The model cannot score this text; nothing was kept. Have a person decide."
        )
    return result


def _begin(context: Context, site_id: UUID, body: str, seconds: float) -> UUID:
    now = clock.now()
    with context.database.read() as session:
        _refuse_when_busy(session, site_id, context.settings.max_waiters, now)
    analysis = Analysis(site_id=site_id, body=body, deadline=now + timedelta(seconds=seconds))
    with context.database.write() as session:
        session.add(analysis)
        after_commit(session, partial(context.nudges.nudge, Lane.WAITING))
    return analysis.id


def _refuse_when_busy(session: Session, site_id: UUID, limit: int, now: datetime) -> None:
    """Raise AnalysesBusy if no worker can score, or too many callers of the site wait.

    The limit holds for each site alone, so that no site takes the places of another.
    """
    if is_silent(last_seen(session)):
        raise AnalysesBusy("No worker is running that could score the text. Try again shortly.")
    waiting = (
        select(func.count())
        .select_from(Analysis)
        .where(col(Analysis.site_id) == site_id, ~has_passed(now))
    )
    if session.exec(waiting).one() >= limit:
        raise AnalysesBusy(CROWDED)


def _end(database: Database, analysis_id: UUID) -> Result | Failure | None:
    """Delete the analysis and return its result; None if it has none yet."""
    with database.write() as session:
        result = session.exec(
            delete(Analysis).where(col(Analysis.id) == analysis_id).returning(col(Analysis.result))
        ).scalar_one_or_none()
    if result is None:
        return None
    return Failure.model_validate(result) if "failure" in result else Result.model_validate(result)


def has_passed(now: datetime) -> ColumnElement[bool]:
    """Return the condition that the analysis's deadline has passed, so no caller waits for it."""
    return has_ended(col(Analysis.deadline), now, MAX_AHEAD)


def find_answered(database: Database, analysis_ids: list[UUID]) -> list[UUID]:
    """Return the ids of those analyses that have a result.

    The query looks for a blank body, as a worker blanks it when it stores the result.
    """
    with database.read() as session:
        return list(
            session.exec(
                select(Analysis.id).where(
                    col(Analysis.id).in_(analysis_ids),
                    col(Analysis.body) == "",
                )
            )
        )
