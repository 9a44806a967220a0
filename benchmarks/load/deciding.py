"""From accepting to deciding, in the embedded default with the model that ships."""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from uuid import UUID

from sqlmodel import col, func, select

from benchmarks.load import servers
from benchmarks.load.sending import Answer, Connection, as_json, at_once, comment
from benchmarks.parts import row, spread
from service.db import Database
from service.domain.states import State
from service.domain.vocabulary import Lane
from service.settings import Settings
from service.tables import Comment, Decision
from service.tables.conditions import PENDING
from service.testing.rows import add_comments, add_site
from workers.engines import Engine, Scored
from workers.models.loading import load_engine
from workers.scoring.batch import Scoring
from workers.scoring.outcomes import Outcome

FLOOD = 600
"""Comments by which the capacity is measured."""
LOW, HIGH = 0.1, 1.2
LOW_SECONDS, HIGH_SECONDS = 20.0, 30.0
WAITING = 60
"""Callers, one after the other, who wait for the decision."""
SENDERS = 16

_numbers = count()


@dataclass(frozen=True)
class Service:
    """The embedded default at work."""

    port: int
    token: str
    database: Database

    def pending(self) -> int:
        """Return how many comments wait for the worker."""
        with self.database.read() as session:
            return session.exec(select(func.count()).select_from(Comment).where(PENDING)).one()

    def drain(self) -> float:
        """Return after how many seconds nothing is pending any more."""
        started = time.perf_counter()
        while self.pending():
            time.sleep(0.02)
        return time.perf_counter() - started

    def post_batches(self, comments: Sequence[object], size: int) -> None:
        """Post comments in batches of this size; all must be accepted."""
        connection = Connection(self.port)
        for start in range(0, len(comments), size):
            batch = {"comments": comments[start : start + size]}
            answer = connection.post("/v1/comments/batch", as_json(batch), self.token)
            assert answer.status == 202
        connection.close()

    def capacity(self, comments: int) -> float:
        """Return how many comments are decided in a second, when all are there at once."""
        made = [comment(next(_numbers)) for _ in range(comments)]
        started = time.perf_counter()
        self.post_batches(made, 200)
        self.drain()
        return comments / (time.perf_counter() - started)

    def post(self, rate: float, seconds: float) -> list[Answer]:
        """Post at this rate per second, whatever the answers."""
        answers: list[Answer] = []
        slots, started = count(), time.perf_counter()

        def work() -> None:
            while (due := next(slots) / rate) < seconds:
                time.sleep(max(0.0, started + due - time.perf_counter()))
                # Idle connections are closed after 5 s.
                connection = Connection(self.port)
                body = as_json(comment(next(_numbers)))
                answers.append(connection.post("/v1/comments", body, self.token))
                connection.close()

        at_once(SENDERS, work)
        return answers

    def decided_after(self, answers: Sequence[Answer]) -> list[float]:
        """Return the milliseconds from each comment's acceptance to its decision."""
        ids = [UUID(json.loads(answer.body)["id"]) for answer in answers if answer.status == 202]
        with self.database.read() as session:
            rows = session.exec(
                select(Comment.created_at, Decision.created_at)
                .join(Decision, col(Decision.comment_id) == col(Comment.id))
                .where(col(Comment.id).in_(ids), col(Decision.from_state) == State.PENDING)
            ).all()
        assert len(rows) == len(ids)
        return [(decided - accepted).total_seconds() * 1000 for accepted, decided in rows]

    def wait(self) -> list[float]:
        """Return the milliseconds until callers who wait have the decided comment."""
        connection = Connection(self.port)
        answers = [
            connection.post(
                "/v1/comments",
                as_json(comment(next(_numbers))),
                self.token,
                "Prefer: wait=10\r\n",
            )
            for _ in range(WAITING)
        ]
        connection.close()
        assert {answer.status for answer in answers} == {200}
        return [answer.seconds * 1000 for answer in answers]


class Timed:
    """An engine that counts its seconds."""

    def __init__(self, engine: Engine) -> None:
        """Count those of `engine`."""
        self._engine = engine
        self.model, self.provenance = engine.model, engine.provenance
        self.languages = engine.languages
        self.seconds = 0.0

    def refuses(self, text: str) -> str | None:
        """Return the cause for which the engine refuses the text."""
        return self._engine.refuses(text)

    def score(self, texts: Sequence[str]) -> list[Scored]:
        """Score the texts."""
        started = time.perf_counter()
        scored = self._engine.score(texts)
        self.seconds += time.perf_counter() - started
        return scored


def alone(folder: Path) -> tuple[float, float]:
    """Return the milliseconds per comment of engine and database, without Celery and the API."""
    url = f"sqlite:///{folder}/alone.db"
    servers.site_key(url)
    database = Database(url)
    bodies = [str(comment(next(_numbers))["body"]) for _ in range(FLOOD)]
    rows = add_site(database)
    settings = Settings(database_url=url)
    engine = Timed(load_engine(settings, threads=2))
    scoring = Scoring(database, settings, lambda _: None)
    add_comments(database, rows, *bodies[:50])
    while scoring.run(engine, Lane.COMMENTS) is Outcome.STORED:
        pass
    add_comments(database, rows, *bodies)
    engine.seconds, started = 0.0, time.perf_counter()
    while scoring.run(engine, Lane.COMMENTS) is Outcome.STORED:
        pass
    whole = time.perf_counter() - started
    database.dispose()
    return engine.seconds / FLOOD * 1000, (whole - engine.seconds) / FLOOD * 1000


def report() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        var = Path(name) / "var"
        with servers.embedded(var) as port:
            token = json.loads((var / "demo.json").read_text("utf-8"))["api_key"]
            database = Database(f"sqlite:///{var}/netiquette.db")
            _measure(Service(port, token, database), Path(name))
            database.dispose()


def _measure(service: Service, folder: Path) -> None:
    print("| accepted → decided, embedded default | figure |")
    print("|---|---|")
    service.capacity(200)
    capacity = service.capacity(FLOOD)
    row(f"capacity: {FLOOD} comments at once", f"{capacity:.0f} comments/s")
    engine, stored = alone(folder)
    rest = 1000 / capacity - engine - stored
    row(
        "a worker's time: engine / database / Celery, API and waiting",
        f"{engine:.1f} / {stored:.1f} / {rest:.1f} ms per comment",
    )
    row("caller who waits (`Prefer: wait`), nobody else there", spread(service.wait()))
    low = service.post(capacity * LOW, LOW_SECONDS)
    service.drain()
    row(f"at {LOW:.0%} of capacity for {LOW_SECONDS:.0f} s", spread(service.decided_after(low)))
    high = service.post(capacity * HIGH, HIGH_SECONDS)
    left = service.pending()
    drained = service.drain()
    label = f"at {HIGH:.0%} for {HIGH_SECONDS:.0f} s"
    statuses = ", ".join(f"{n} x {status}" for status, n in Counter(a.status for a in high).items())
    row(f"{label}: sent and answered", f"{len(high) / HIGH_SECONDS:.0f}/s; {statuses}")
    row(f"{label}: until accepted", spread([answer.seconds * 1000 for answer in high]))
    row(label, spread(service.decided_after(high)))
    row("left at the end, and decided after", f"{left} comments; {drained:.1f} s")
    after = service.post(capacity * LOW, LOW_SECONDS / 2)
    service.drain()
    row(f"at {LOW:.0%} again", spread(service.decided_after(after)))
