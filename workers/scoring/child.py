"""A scoring process, which loads its engine, sends heartbeats and scores."""

import os
import socket
import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service import clock
from service.domain.vocabulary import Lane
from service.settings import Settings
from service.tables import Scorer
from workers.engines import Engine
from workers.models import chosen
from workers.scoring.batch import Scoring
from workers.scoring.checks import works
from workers.scoring.outcomes import Outcome
from workers.scoring.parent import Parent
from workers.scoring.pulse import Pulse
from workers.scoring.watchdog import patience

Loader = Callable[[Settings, int], Engine]
"""A function that loads the engine for the settings on a number of threads; raises any error."""

HEARTBEAT_SECONDS = 10.0
PATIENCE = 60.0
"""Longest pause in seconds between two tries to load the model."""

log = structlog.get_logger(__name__)


class EngineBrokenError(Exception):
    """The engine was loaded, but it cannot score a harmless text."""


class WrongModelError(Exception):
    """The model with the chosen name is another one here than the one that was chosen."""


class ScoringChild:
    """A child process of Celery that scores, once its engine is loaded and has scored a probe.

    A thread loads the engine, and tries again after a failure. Then it writes heartbeats to
    the database, also while the main thread scores. When another model is chosen, the thread
    loads it, and replaces the engine between two batches. If that fails, the old engine stays.
    """

    def __init__(
        self, scoring: Scoring, load: Loader, threads: int, pulse: Pulse | None = None
    ) -> None:
        """Start nothing yet: this is made before the fork.

        `pulse` is what the parent's watchdog reads.
        """
        self._scoring = scoring
        self._load = load
        self._threads = threads
        self._pulse = pulse or Pulse()
        self._engine: Engine | None = None
        self._refused: chosen.Chosen | None = None
        self._wake = threading.Event()
        self._stopped = threading.Event()

    def start(self, parent: int) -> None:
        """Start to load the engine, in the child; the child ends when the process `parent` does.

        It ends both when the parent was stopped for as long as the watchdog is patient.
        """
        self._parent = Parent(parent, self._pulse, patience(self._scoring.settings))
        self._id = f"{socket.gethostname()}:{os.getpid()}"
        self._started = clock.now()
        self._thread = threading.Thread(target=self._live, name="engine", daemon=True)
        self._thread.start()

    def score(self, lane: Lane) -> None:
        """Score one batch of the lane, if the engine is loaded.

        In the lane of waiting callers, a few analyses come first, and then one batch of
        comments. Otherwise a stream of analyses would starve new comments. And no caller waits
        for two batches of the other kind.
        """
        self._pulse.beat()
        try:
            self._score(lane)
        finally:
            self._pulse.beat()

    def _score(self, lane: Lane) -> None:
        engine = self._engine
        if engine is None:
            return
        outcome = Outcome.NOTHING
        if lane is Lane.WAITING:
            outcome = self._scoring.analyze(engine)
            if outcome is Outcome.STORED:
                lane = Lane.COMMENTS
        if outcome is not Outcome.ENGINE_BROKEN:
            outcome = self._scoring.run(engine, lane)
        if outcome is Outcome.ENGINE_BROKEN:
            log.error("engine_broken", model=engine.model)
            if self._engine is engine:
                self._engine = None
            self._wake.set()

    def stop(self) -> None:
        """Stop scoring; wait one second at most for a heartbeat that is being written.

        The heartbeat's row stays, since it tells that the service was ready once.
        """
        self._engine = None
        self._stopped.set()
        self._wake.set()
        self._thread.join(timeout=1)

    def _live(self) -> None:
        pause = 1.0
        while not self._stopped.is_set():
            if self._engine is None and not self._try_to_load():
                self._rest(pause)
                pause = min(pause * 2, PATIENCE)
                continue
            pause = 1.0
            self._beat()
            self._rest(HEARTBEAT_SECONDS)
            self._follow()

    def _follow(self) -> None:
        """Load another model if one was chosen. A model that fails to load is tried only once."""
        try:
            wanted = self._wanted()
        except SQLAlchemyError:
            return
        engine = self._engine
        if engine is None or wanted.identity in {None, engine.model}:
            self._refused = None
        elif wanted != self._refused and not self._try_to_load():
            self._refused = wanted

    def _wanted(self) -> chosen.Chosen:
        return chosen.read(self._scoring.database, self._scoring.settings)

    def _try_to_load(self) -> bool:
        kept = self._engine
        try:
            with self._pulse.loading():
                engine = self._load_and_probe()
        except Exception as error:  # noqa: BLE001 - whatever is wrong, nothing is scored until it is right
            log.error(  # noqa: TRY400 - for an operator, who needs the sentence, not the stack
                "model_not_loaded",
                error=type(error).__name__,
                detail=str(error),
                hint="Comments wait until the model can be loaded."
                if kept is None
                else "The old model stays in use. Repair the new one, then choose it again.",
            )
            return False
        self._engine = engine
        self._pulse.beat()
        self._beat()
        for lane in Lane:
            self._scoring.nudge(lane)
        return True

    def _load_and_probe(self) -> Engine:
        wanted = self._wanted()
        settings = self._scoring.settings.model_copy(update={"model": wanted.name})
        engine = self._load(settings, self._threads)
        if wanted.identity not in {None, engine.model}:
            raise WrongModelError(
                f"{wanted.name} is {engine.model} here, and {wanted.identity} was chosen."
            )
        if not works(engine):
            raise EngineBrokenError("The model loads, but cannot score.")
        return engine

    def _beat(self) -> None:
        engine = self._engine
        if engine is None:
            return
        try:
            with self._scoring.database.write() as session:
                session.merge(
                    Scorer(
                        id=self._id,
                        model=engine.model,
                        started_at=self._started,
                        seen_at=clock.now(),
                    )
                )
        except SQLAlchemyError as error:
            log.warning("heartbeat_failed", error=type(error).__name__)

    def _rest(self, seconds: float) -> None:
        """Wait for `seconds` or a wake-up; end this process if its parent has ended or stopped."""
        for _ in range(max(1, round(seconds))):
            if self._parent.is_stopped():
                self._parent.end()
                os._exit(1)
            if self._parent.is_gone:
                os._exit(1)
            if self._wake.wait(min(seconds, 1.0)):
                self._wake.clear()
                return
