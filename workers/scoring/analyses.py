"""Score a few analyses: lease them, score outside any transaction, store the results.

Unlike a comment, an analysis has no attempts. A lease that was lost is not taken again, since
the caller that waits can ask again. An analysis that was given back may be scored until its
deadline.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import accumulate
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, func, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from service import clock
from service.analyses.results import Failure, Passage, Result
from service.analyses.use_cases import MAX_AHEAD, has_passed
from service.db import Database
from service.domain.costs import most_tokens
from service.ids import new_id
from service.tables import Analysis
from service.telemetry.metrics import count_engine
from workers.engines import Engine
from workers.scoring.checks import score_checked, works
from workers.scoring.outcomes import Outcome

BATCH = 4
"""Most analyses per lease. It is small, since the next caller waits until a lease is done."""

log = structlog.get_logger(__name__)


def run(database: Database, engine: Engine, tokens: int) -> Outcome:
    """Score the oldest few analyses of all sites in turn; STORED if there were any.

    `tokens` is the most that they may have together by estimate, unless it is one alone.
    One that nobody waits for any more, when its turn comes, is left to the sweep. A text that
    the engine fails on or refuses is answered as a failure, and harms no other. An engine that
    fails on a harmless text, too, blames none: the rest waits for a better one.
    Raises SQLAlchemyError when the database is away; what was not answered is given back.
    """
    lease = new_id()
    try:
        leased = _take(database, lease, tokens)
        for analysis in leased:
            if not clock.lasts(analysis.deadline, clock.now(), MAX_AHEAD):
                continue
            outcome = _score(engine, analysis.body)
            if isinstance(outcome, Failure) and not works(engine):
                _give_back(database, lease)
                return Outcome.ENGINE_BROKEN
            _answer(database, analysis.id, outcome)
    except (SystemExit, SQLAlchemyError):
        with suppress(SQLAlchemyError):
            _give_back(database, lease)
        raise
    return Outcome.STORED if leased else Outcome.NOTHING


def leasable(now: datetime) -> ColumnElement[bool]:
    """Return the condition that the analysis is not leased, and its deadline has not passed."""
    return and_(col(Analysis.lease).is_(None), ~has_passed(now))


def _take(database: Database, lease: UUID, tokens: int) -> list[Analysis]:
    now = clock.now()
    # A read first, so that a superfluous nudge does not wait for the write lock.
    with database.read() as session:
        if not session.exec(select(Analysis.id).where(leasable(now)).limit(1)).first():
            return []
    with database.write() as session:
        leased = _fitting(session.exec(_next_of_all_sites(now)).all(), tokens)
        for analysis in leased:
            analysis.lease = lease
        return leased


def _fitting(found: Sequence[Analysis], tokens: int) -> list[Analysis]:
    """Return the first, and those after it that do not make it too much for one lease."""
    sums = accumulate(most_tokens(analysis.body) for analysis in found)
    return [
        analysis
        for place, (analysis, so_far) in enumerate(zip(found, sums, strict=True))
        if place == 0 or so_far <= tokens
    ]


def _next_of_all_sites(now: datetime) -> SelectOfScalar[Analysis]:
    """Return the query for the next few analyses: the oldest of each site before any second."""
    turn = func.row_number().over(partition_by=col(Analysis.site_id), order_by=col(Analysis.id))
    turns = select(Analysis.id, turn.label("turn")).where(leasable(now)).subquery()
    return (
        select(Analysis)
        .join(turns, turns.c.id == col(Analysis.id))
        # Checked again, for rows that another worker has leased since the turns were counted.
        .where(leasable(now))
        .order_by(turns.c.turn, col(Analysis.id))
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=Analysis)
    )


def _answer(database: Database, analysis_id: UUID, outcome: Result | Failure) -> None:
    """Store the outcome and blank the text, unless the analysis was deleted meanwhile."""
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
        if cause := engine.refuses(body):
            return Failure(failure=cause)
        (scored,) = score_checked(engine, [body])
        result = Result(
            scores=scored.scores,
            forms=scored.forms,
            spans=tuple(Passage.model_validate(span) for span in scored.spans),
            language=scored.language,
            confidence=scored.detection.confidence,
            likelihoods=dict(scored.detection.likelihoods),
            letters=scored.detection.letters,
            languages=engine.languages,
        )
    except Exception as error:  # noqa: BLE001 - a network raises whatever it raises
        log.warning("analysis_failed", error=type(error).__name__)
        return Failure(failure=type(error).__name__)
    count_engine([scored.duration])
    return result
