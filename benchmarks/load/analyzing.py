"""Analyses beside comments, in the embedded default with the model that ships."""

import tempfile
import threading
import time
from collections import Counter
from itertools import count
from pathlib import Path

from benchmarks.load import servers
from benchmarks.load.deciding import Service
from benchmarks.load.sending import Answer, Connection, as_json, at_once, comment
from benchmarks.parts import row, spread
from service.db import Database

ALONE = 60
"""Analyses of one caller, one after the other."""
CALLERS = 200
ROUNDS = 3
"""Analyses of each of the callers, one after the other."""
SHARE, SECONDS = 0.4, 20.0
"""Comments sent meanwhile: part of the capacity, and for how long."""

_numbers = count(1_000_000)


def report() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        var = Path(name) / "var"
        with servers.embedded(var) as port:
            database = Database(f"sqlite:///{var}/netiquette.db")
            service = Service(port, servers.unlimited_key(database), database)
            print("| analyses beside comments, embedded default | figure |")
            print("|---|---|")
            _measure(service)
            database.dispose()


def analyze(service: Service, callers: int, rounds: int) -> list[Answer]:
    """Let so many callers analyze one text after the other; return all answers."""
    answers: list[Answer] = []

    def work() -> None:
        for _ in range(rounds):
            connection = Connection(service.port)
            document = {
                "comment": {"text": comment(next(_numbers))["body"]},
                "requestedAttributes": {"TOXICITY": {}},
                "languages": ["de"],
            }
            path = f"/v1alpha1/comments:analyze?key={service.token}"
            answers.append(connection.post(path, as_json(document), service.token))
            connection.close()

    at_once(callers, work)
    return answers


def _measure(service: Service) -> None:
    service.capacity(200)
    capacity = service.capacity(600)
    row("comments alone: 600 at once", f"{capacity:.0f} comments/s")
    row("one caller, nobody else there", *_figures(service, 1, ALONE))
    row(f"{CALLERS} callers at once, {ROUNDS} each", *_figures(service, CALLERS, ROUNDS))
    quiet = service.post(capacity * SHARE, SECONDS)
    service.drain()
    row(
        f"comments at {SHARE:.0%} of capacity, alone: until decided",
        spread(service.decided_after(quiet)),
    )
    posted: list[Answer] = []
    background = threading.Thread(
        target=lambda: posted.extend(service.post(capacity * SHARE, SECONDS))
    )
    background.start()
    time.sleep(2)
    row(f"{CALLERS} callers meanwhile", *_figures(service, CALLERS, ROUNDS))
    background.join()
    service.drain()
    row("these comments: until decided", spread(service.decided_after(posted)))


def _figures(service: Service, callers: int, rounds: int) -> tuple[str, str, str]:
    started = time.perf_counter()
    answers = analyze(service, callers, rounds)
    seconds = time.perf_counter() - started
    statuses = Counter(answer.status for answer in answers)
    good = [answer.seconds * 1000 for answer in answers if answer.status == 200]
    told = ", ".join(f"{n} x {status}" for status, n in statuses.items())
    return f"{len(good) / seconds:.0f} analyses/s", spread(good), told
