"""Authors and moderators at work: comments, edits, withdrawals, claims, decisions, undos."""

import random
import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any
from uuid import UUID

from tests.faults.calls import Caller
from tests.faults.ledger import Kept, Ledger

AUTHORS = 3
MODERATORS = 2
PAUSE = 0.04
"""Mean seconds that each of them rests between two requests."""

HARMLESS = ("Das sehe ich anders.", "Danke für den Artikel!", "Gut gesagt.")
TOXIC = "Du Idiot!"
ACCEPTED, DECIDED = (200, 202), (201, 409)


@dataclass(frozen=True)
class Site:
    """Where they write, and with which key."""

    id: UUID
    url: str
    token: str


class Author:
    """Writes, edits and withdraws comments of their own."""

    def __init__(self, caller: Caller, ledger: Ledger, draw: random.Random, name: str) -> None:
        """Have written nothing yet."""
        self._caller, self._ledger, self._draw, self._name = caller, ledger, draw, name
        self._own: list[Kept] = []

    def act(self) -> None:
        """Do one thing."""
        chance = self._draw.random()
        if chance < 0.6 or not self._own:
            self._post(self._words())
        elif chance < 0.7:
            self._post_batch()
        elif chance < 0.9:
            self._edit(self._draw.choice(self._own))
        else:
            self._withdraw(self._own.pop(self._draw.randrange(len(self._own))))

    def post_poison(self, word: str) -> None:
        """Post what no engine can score, and leave it alone."""
        kept = self._post(word)
        if kept:
            self._own.remove(kept)

    def _post(self, words: str) -> Kept | None:
        """Post a comment, with one of the two ways to send it again safely."""
        token, body = self._texted(words)
        comment = self._comment(body)
        headers = {}
        if self._draw.random() < 0.5:
            headers["Idempotency-Key"] = token
        else:
            comment["external_id"] = token
        if self._draw.random() < 0.1:
            headers["Prefer"] = "wait=2"
        answer = self._caller.send("POST", "/v1/comments", ACCEPTED, json=comment, headers=headers)
        if answer is not None and answer.is_success:
            return self._keep(answer.json(), token, body)
        return None

    def _post_batch(self) -> None:
        texts = [self._texted(self._words()) for _ in range(self._draw.randint(2, 6))]
        batch = [self._comment(body) | {"external_id": token} for token, body in texts]
        answer = self._caller.send("POST", "/v1/comments/batch", ACCEPTED, json={"comments": batch})
        if answer is None or not answer.is_success:
            return
        for item, (token, body) in zip(answer.json()["items"], texts, strict=True):
            if "error" in item:
                self._ledger.complain(f"an item of a batch was refused: {item['error']}")
            else:
                self._keep(item, token, body)

    def _edit(self, kept: Kept) -> None:
        body = f"{self._words()} {kept.token} {self._draw.getrandbits(32):x}"
        path = f"/v1/comments/{kept.id}"
        answer = self._caller.send("PATCH", path, (200, 409), json={"body": body})
        if answer is None or not answer.is_success:
            return
        revision = answer.json()["revision"]
        if revision in kept.bodies:
            self._ledger.complain(f"revision {revision} of {kept.id} was given out twice")
        kept.bodies[revision] = body
        now = self._caller.look(path)
        if now and now["revision"] < revision:
            self._ledger.complain(f"revision {revision} of {kept.id} cannot be read")

    def _withdraw(self, kept: Kept) -> None:
        path = f"/v1/comments/{kept.id}"
        answer = self._caller.send("DELETE", path, (200,))
        if answer is None or not answer.is_success:
            return
        kept.withdrawn = True
        now = self._caller.look(path)
        if now and now["state"] != "withdrawn":
            self._ledger.complain(f"{kept.id} was withdrawn, and is {now['state']}")

    def _keep(self, answer: dict[str, Any], token: str, body: str) -> Kept:
        kept = Kept(answer["id"], token, {1: body})
        self._own.append(kept)
        self._ledger.accepted(kept)
        self._caller.look(f"/v1/comments/{kept.id}")
        return kept

    def _comment(self, body: str) -> dict[str, Any]:
        thread = f"artikel-{self._draw.randint(1, 3)}"
        return {"thread": {"key": thread}, "member": {"key": self._name}, "body": body}

    def _texted(self, words: str) -> tuple[str, str]:
        token = f"zwetschge-{self._draw.getrandbits(64):x}"
        self._ledger.sent(token)
        return token, f"{words} {token}"

    def _words(self) -> str:
        return TOXIC if self._draw.random() < 0.3 else self._draw.choice(HARMLESS)


class Moderator:
    """Claims, decides, and takes decisions back."""

    def __init__(self, caller: Caller, ledger: Ledger, draw: random.Random, name: str) -> None:
        """Hold nothing yet."""
        self._caller, self._ledger, self._draw = caller, ledger, draw
        self._who = {"moderator": {"key": name}}

    def act(self) -> None:
        """Do one thing."""
        # The engine must deal with the poison; a person would be faster.
        comments = [kept for kept in self._ledger.some() if not kept.is_poison]
        if not comments:
            return
        if self._draw.random() < 0.2:
            claim = self._who | {"limit": 2}
            self._caller.send("POST", "/v1/review/claims", (200,), json=claim)
        else:
            self._decide(self._draw.choice(comments[-30:]))

    def _decide(self, kept: Kept) -> None:
        comment = self._caller.look(f"/v1/comments/{kept.id}")
        if comment is None:
            return
        decision = self._who | {
            "state": self._draw.choice(["approved", "rejected", "flagged"]),
            "revision": comment["revision"],
        }
        path = f"/v1/comments/{kept.id}/decisions"
        answer = self._caller.send("POST", path, DECIDED, json=decision)
        if answer is None or not answer.is_success:
            return
        made = answer.json()
        kept.decisions[made["id"]] = (made["revision"], made["state"])
        if self._draw.random() < 0.4:
            self._undo(kept, made["id"])

    def _undo(self, kept: Kept, decision: str) -> None:
        path = f"/v1/decisions/{decision}/undo"
        answer = self._caller.send("POST", path, DECIDED, json=self._who)
        if answer is not None and answer.is_success:
            kept.undone[answer.json()["id"]] = decision


class Traffic:
    """All of them at once, each in a thread, from `start` to `stop`."""

    def __init__(self, site: Site, ledger: Ledger, seed: int) -> None:
        """Let nobody begin yet."""
        self._site, self._ledger, self._seed = site, ledger, seed
        self._stopping = threading.Event()
        self._going = threading.Event()
        self._going.set()
        self._poison: SimpleQueue[str] = SimpleQueue()
        people: list[tuple[type[Author | Moderator], str]] = [
            (Author, f"autor-{n}") for n in range(AUTHORS)
        ]
        people += [(Moderator, f"moderatorin-{n}") for n in range(MODERATORS)]
        self._threads = [
            threading.Thread(target=self._work, args=[who, name], daemon=True)
            for who, name in people
        ]

    def start(self) -> None:
        """Let everybody begin."""
        for thread in self._threads:
            thread.start()

    def post_poison(self, word: str) -> None:
        """Let somebody post a comment with this word next."""
        self._poison.put(word)

    def pause(self) -> None:
        """Let everybody finish the request that they are at, and send none until `go_on`."""
        self._going.clear()

    def go_on(self) -> None:
        """Let everybody go on."""
        self._going.set()

    def stop(self) -> None:
        """Let everybody finish the request that they are at."""
        self._stopping.set()

    def is_over(self) -> bool:
        """Tell whether everybody has finished."""
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self, kind: type[Author | Moderator], name: str) -> None:
        draw = random.Random(f"{self._seed} {name}")  # noqa: S311 - a seed, not a secret
        with closing(Caller(self._site.url, self._site.token, self._ledger)) as caller:
            person = kind(caller, self._ledger, draw, name)
            while not self._stopping.wait(draw.uniform(0, 2 * PAUSE)):
                self._going.wait()
                try:
                    self._act(person)
                except Exception as error:  # noqa: BLE001 - a thread's end would go unnoticed
                    self._ledger.complain(f"{name} stumbled: {type(error).__name__}: {error}")
                    return

    def _act(self, person: Author | Moderator) -> None:
        if isinstance(person, Author):
            with suppress(Empty):
                person.post_poison(self._poison.get_nowait())
        person.act()
