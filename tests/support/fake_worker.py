"""The real workers, but with an engine whose faults are called up by words in the text.

Run as a program: `fake_worker.py score [children] | io | beat`.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence

from billiard.process import current_process

from service.domain.languages import Detection
from service.settings import Settings
from service.telemetry import log_as_server
from workers.engines import Scored
from workers.engines.cost import TOO_COSTLY
from workers.processes import run_beat, run_io, run_scoring
from workers.scoring import watchdog

TOXIC = "Idiot"
RAISES = "MURKS"
NOT_A_NUMBER = "NANU"
DIES = "STIRBT"
HANGS = "KLEMMT"
SLOW = "LANGSAM"
SLOW_SECONDS = 0.4
LASTS = "DAUERT"
COSTLY = "TEUER"
FRENCH = "FRANZ"
DOUBTFUL = "KURZ"
"""Of no language that could be determined, nor one likelier than the other."""
KEEPS_A_LOCK = "SCHLOSS"
KEEPS_SECONDS = 1.0
"""How long a child lives that keeps a lock of its parent's: its result must have been sent."""

IMPATIENT = "FAKE_IMPATIENT"
"""Set in the environment of a worker whose watchdog is to be quick."""


class FakeEngine:
    """Scores by a word; misbehaves by others."""

    model = "f" * 64
    provenance = {"name": "fake", "engine": "fake"}  # noqa: RUF012 - as the protocol has it
    languages: tuple[str, ...] = ("de", "en")

    def refuses(self, text: str) -> str | None:
        return TOO_COSTLY if COSTLY in text else None

    def score(self, texts: Sequence[str]) -> list[Scored]:
        if any(map(self.refuses, texts)):
            raise AssertionError("what is refused must not be scored")
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Scored:
        if RAISES in text:
            raise RuntimeError(f"cannot score {text!r}")
        if DIES in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if HANGS in text:
            # As in native code, where no handler of Python's ever runs.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            time.sleep(600)
        if SLOW in text:
            time.sleep(SLOW_SECONDS)
        if LASTS in text:
            time.sleep(60)
        if KEEPS_A_LOCK in text:
            keep_lock()
        score = float("nan") if NOT_A_NUMBER in text else 0.9 if TOXIC in text else 0.01
        language = "fr" if FRENCH in text else "und" if DOUBTFUL in text else "de"
        return Scored(
            scores={"toxicity": score},
            duration=0.001,
            detection=Detection(language, 0.99, {}, sum(map(str.isalpha, text))),
        )


def keep_lock() -> None:
    """Let the parent wait for ever, as once happened: a child was killed that held this lock.

    billiard's parent takes it to count the child's result (`on_ready`, `billiard/pool.py`).
    """
    current_process()._target.on_ready_counter.get_lock().acquire()
    threading.Timer(KEEPS_SECONDS, os.kill, [os.getpid(), signal.SIGKILL]).start()


def be_impatient() -> None:
    """Let the watchdog look each second, and wait for three seconds beyond a lease."""
    watchdog.LOOK_SECONDS, watchdog.MARGIN_SECONDS = 1.0, 3.0


def load(settings: Settings, _threads: int) -> FakeEngine:
    if not (settings.models_dir / "fake").exists():
        raise FileNotFoundError("no fake model there")
    return FakeEngine()


def main(kind: str, concurrency: int = 1) -> int:
    log_as_server()
    settings = Settings()
    if IMPATIENT in os.environ:
        be_impatient()
    if kind == "score":
        return run_scoring(settings, load, concurrency)
    if kind == "io":
        return run_io(settings, 2)
    run_beat(settings)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
