"""Score one batch: lease it, score it outside any transaction, store the results."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bind_contextvars

from service.db import Database
from service.domain.vocabulary import Lane
from service.ids import new_id
from service.settings import Settings
from service.tables import SPENT_ATTEMPTS
from service.telemetry.metrics import count_engine
from service.telemetry.tracing import describe, span
from workers.engines import Engine
from workers.scoring import analyses as analyzing
from workers.scoring import leases
from workers.scoring.checks import score_checked, works
from workers.scoring.outcomes import Outcome
from workers.scoring.storing import set_aside_spent, store, store_failure
from workers.scoring.turns import Limits, Turns

WAITING_BATCH = 4
"""Most revisions per lease where callers wait, since the next caller waits for a whole batch."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Scoring:
    """Scores analyses and comments with a given engine; `nudge` must not raise."""

    database: Database
    settings: Settings
    nudge: Callable[[Lane], None]
    turns: Turns = field(default_factory=Turns)

    def analyze(self, engine: Engine) -> Outcome:
        """Score a few analyses, if any wait, and nudge for those that are left.

        Raises only the SystemExit of a process that was told to end.
        """
        try:
            outcome = analyzing.run(self.database, engine, self.settings.batch_characters)
        except SQLAlchemyError as error:
            log.error("analyses_not_stored", error=_name(error), at=_place(error))  # noqa: TRY400 - a traceback could quote a text
            return Outcome.FAILED
        if outcome in {Outcome.STORED, Outcome.ENGINE_BROKEN}:
            self.nudge(Lane.WAITING)
        return outcome

    def run(self, engine: Engine, nudged: Lane) -> Outcome:
        """Score one batch of the lane, or of a more urgent one; nudge if there are more comments.

        Raises only the SystemExit of a process that was told to end. The batch is given back
        before, as if it had never been leased.
        """
        lease, started = new_id(), time.monotonic()
        bind_contextvars(lease=str(lease))
        try:
            set_aside_spent(self.database)
            lane = leases.most_urgent(self.database, nudged)
            if lane is None:
                return Outcome.NOTHING
            batch = leases.take(self.database, lane, lease, self._limits(lane), self.turns)
            # Nudge before scoring, so that other workers start on the rest meanwhile.
            if batch and batch.more:
                self.nudge(lane)
            if lane is not nudged:
                self.nudge(nudged)
            return self._score(engine, lane, batch) if batch else Outcome.NOTHING
        except SystemExit:
            # Celery also tells a hanging child to end, before it kills it. The lease of such a
            # batch must run out, or the text that hangs would be leased for ever.
            if time.monotonic() - started < self.settings.time_limit:
                leases.give_back(self.database, lease)
            raise
        except Exception as error:  # noqa: BLE001 - Celery would log the text with the traceback
            # The texts did not cause this, and the database may be overloaded. So the lease is
            # left to run out, and no further query is made.
            log.error("batch_not_stored", error=_name(error), at=_place(error))  # noqa: TRY400 - same
            return Outcome.FAILED

    def _score(self, engine: Engine, lane: Lane, batch: leases.Batch) -> Outcome:
        comments = [str(item.comment_id) for item in batch.items]
        describe(lease=str(batch.lease), comments=comments)
        try:
            batch = self._set_aside_refused(engine, batch)
            if not batch.items:
                return Outcome.STORED
            with span("engine"):
                results = score_checked(engine, [item.body for item in batch.items])
            count_engine(result.duration for result in results)
            with span("store"):
                store(self.database, engine, batch, results)
        except SQLAlchemyError:
            raise
        except Exception as error:  # noqa: BLE001 - a network raises whatever it raises
            log.warning(
                "batch_failed",
                error=_name(error),
                at=_place(error),
                lane=lane.name.lower(),
                comments=comments,
            )
            return self._fail(engine, lane, batch, _name(error))
        return Outcome.STORED

    def _set_aside_refused(self, engine: Engine, batch: leases.Batch) -> leases.Batch:
        """Flag what the engine refuses to score, at once; return the batch without it.

        To try it again would tell nothing new, and cost the other texts of the batch an attempt.
        """
        accepted: list[leases.Leased] = []
        for item in batch.items:
            if cause := engine.refuses(item.body):
                store_failure(self.database, replace(batch, items=(item,)), cause)
            else:
                accepted.append(item)
        return replace(batch, items=tuple(accepted))

    def _fail(self, engine: Engine, lane: Lane, batch: leases.Batch, cause: str) -> Outcome:
        if not works(engine):
            leases.give_back(self.database, batch.lease)
            return Outcome.ENGINE_BROKEN
        if batch.items[0].attempts >= SPENT_ATTEMPTS:
            store_failure(self.database, batch, cause)
        else:
            leases.end(self.database, batch.lease)
            self.nudge(lane)
        return Outcome.FAILED

    def _limits(self, lane: Lane) -> Limits:
        size = self.settings.batch_size
        return Limits(
            comments=min(size, WAITING_BATCH) if lane is Lane.WAITING else size,
            tokens=self.settings.batch_characters,
            seconds=self.settings.lease_seconds,
        )


def _name(error: Exception) -> str:
    """Return only the error's type, since its message may quote a text."""
    return type(error).__name__


def _place(error: Exception) -> str:
    """Return the file and the line where the error was raised."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
