"""Scoring a few analyses: lease, score outside any transaction, hand over the result.

Unlike a comment, an analysis is tried once: whoever waits for it asks again.
"""

from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, update
from sqlmodel import col, select

from service import clock
from service.analyses.results import Failure, Passage, Result
from service.analyses.use_cases import has_passed
from service.db import Database
from service.ids import new_id
from service.tables import Analysis
from service.telemetry.metrics import count_engine
from workers.engines import Engine
from workers.results import score_checked

BATCH = 4
"""Analyses per lease, since the next caller waits for a whole one."""

log = structlog.get_logger(__name__)


def run(database: Database, engine: Engine) -> bool:
    """Score the oldest few analyses; tell whether there were any.

    A text that the engine fails on is answered as a failure, and harms no other.
    Raises SQLAlchemyError when the database is away; the callers' deadlines end it.
    """
    lease = new_id()
    leased = _take(database, lease)
    try:
        for analysis in leased:
            _answer(database, analysis.id, _score(engine, analysis.body))
    except SystemExit:
        _give_back(database, lease)
        raise
    return bool(leased)


def leasable(now: datetime) -> ColumnElement[bool]:
    """Return the condition that somebody waits for the analysis, and nobody scores it."""
    return and_(col(Analysis.lease).is_(None), ~has_passed(now))


def _take(database: Database, lease: UUID) -> list[Analysis]:
    waiting = select(Analysis).where(leasable(clock.now())).order_by(col(Analysis.id)).limit(BATCH)
    # A reading query first, so that a nudge too many disturbs no writer.
    with database.read() as session:
        if not session.exec(waiting.limit(1)).first():
            return []
    with database.write() as session:
        leased = list(session.exec(waiting.with_for_update(skip_locked=True)))
        for analysis in leased:
            analysis.lease = lease
        return leased


def _answer(database: Database, analysis_id: UUID, outcome: Result | Failure) -> None:
    """Hand the outcome over and blank the text; what was deleted meanwhile stays gone."""
    with database.write() as session:
        session.execute(
            update(Analysis)
            .where(col(Analysis.id) == analysis_id)
            .values(body="", result=outcome.model_dump(mode="json"))
        )


def _give_back(database: Database, lease: UUID) -> None:
    with database.write() as session:
        session.execute(
            update(Analysis)
            .where(col(Analysis.lease) == lease, col(Analysis.body) != "")
            .values(lease=None)
        )


def _score(engine: Engine, body: str) -> Result | Failure:
    try:
        (scored,) = score_checked(engine, [body])
    except Exception as error:  # noqa: BLE001 - a network raises whatever it raises
        log.warning("analysis_failed", error=type(error).__name__)
        return Failure(failure=type(error).__name__)
    count_engine([scored.duration])
    return Result(
        scores=scored.scores,
        forms=scored.forms,
        spans=tuple(Passage.model_validate(span) for span in scored.spans),
        language=scored.language or "und",
        languages=engine.languages,
    )
