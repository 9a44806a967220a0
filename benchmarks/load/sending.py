"""Requests over plain sockets: a sender costs little, and the same whoever answers."""

import json
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

SENTENCES = (
    "Das sehe ich anders, aber danke für den Artikel.",
    "Woher stammt eigentlich die Zahl im dritten Absatz?",
    "Der Radweg war längst überfällig, endlich passiert etwas.",
    "So ein Unsinn, wer hat das denn beschlossen?",
    "I read the report, and it says the opposite.",
    "Meine Nachbarn fahren seit Jahren Bus, das klappt gut.",
)
THREADS, MEMBERS = 50, 500
"""Most comments come from people who have written before."""


@dataclass(frozen=True)
class Answer:
    """How a request went."""

    started: float
    """On the clock of `time.perf_counter`."""
    seconds: float
    status: int
    body: bytes


class Connection:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        """Connect to a port of this machine."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, path: str, body: bytes, token: str, headers: str = "") -> Answer:
        """Send a request and read the whole answer."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{headers}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        started = time.perf_counter()
        self._socket.sendall(head.encode() + body)
        answer = self._socket.recv(65_536)
        while b"\r\n\r\n" not in answer:
            answer += self._socket.recv(65_536)
        head_, _, rest = answer.partition(b"\r\n\r\n")
        length = int(head_.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(rest) < length:
            rest += self._socket.recv(65_536)
        return Answer(started, time.perf_counter() - started, int(head_[9:12]), rest)

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def text(number: int) -> str:
    """Return a comment of 1 to 6 sentences, for each number another."""
    chance = random.Random(number)  # noqa: S311 - not a secret
    return f"{' '.join(chance.choices(SENTENCES, k=chance.randint(1, 6)))} ({number})"


def comment(number: int) -> dict[str, object]:
    """Return a comment as the service takes it."""
    return {
        "thread": {"key": f"artikel-{number % THREADS}"},
        "member": {"key": f"leser-{number % MEMBERS}"},
        "body": text(number),
    }


def as_json(content: object) -> bytes:
    """Return it as a request's body."""
    return json.dumps(content).encode()


def at_once(senders: int, work: Callable[[], None]) -> None:
    """Have so many senders do the same; return when all are done."""
    threads = [threading.Thread(target=work) for _ in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def keep_sending(
    port: int, senders: int, seconds: float, send: Callable[[Connection], Answer]
) -> list[Answer]:
    """Have so many senders send one request after the other, for a time."""
    answers: list[Answer] = []
    end = time.perf_counter() + seconds

    def work() -> None:
        connection = Connection(port)
        while time.perf_counter() < end:
            answers.append(send(connection))
        connection.close()

    at_once(senders, work)
    return answers
