"""Whatever one site sends, another site's comments are accepted and decided, and Coral is answered.

All processes are real, and so is the engine but for its network, which takes as long for a
token as the slowest one.
"""

import itertools
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from pydantic import SecretStr

from benchmarks.hostile import attacks
from benchmarks.hostile.cases import Case
from service.compat.coral.answers import MAX_TIMEOUT
from service.compat.coral.signatures import HEADER, sign
from service.domain.states import Actor, State
from service.http.callers import Scope
from service.secret_box import SecretBox
from service.tables import Site
from service.testing.backend import comment_in, make_key
from service.testing.rows import add_comments, add_site
from tests.contracts.processes import HIGH, installed, running
from tests.support.fake_worker import TOXIC
from tests.support.priced_worker import PROGRAM
from tests.support.stack import Stack, wait_until

ATTACKER, OTHER = "zeitung", "blatt"
CORAL_SECRET = "6c1f0e2b"
HARMLESS, TOXIC_TEXT = "Das sehe ich anders, danke.", f"Du bist ein {TOXIC}."
VERDICTS = {
    HARMLESS: {},
    TOXIC_TEXT: {
        "status": "SYSTEM_WITHHELD",
        "actions": [{"actionType": "FLAG", "reason": "COMMENT_DETECTED_TOXIC"}],
    },
}
"""What Coral is told of a comment that was judged. Of any other, it is withheld without a flag."""


class OtherSite:
    """A site that has done nothing, with Coral connected to it."""

    def __init__(self, stack: Stack, url: str) -> None:
        rows = add_site(stack.database, OTHER)
        token = make_key(stack.database, rows.site_id, *Scope, rate=HIGH)
        box = SecretBox(SecretStr(stack.environment["NETIQUETTE_SECRET_KEY"]))
        with stack.database.write() as session:
            site = session.get_one(Site, rows.site_id)
            site.coral_secret = box.encrypt(CORAL_SECRET)
        self._stack = stack
        self._client = httpx2.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=False,
        )
        self._numbers = itertools.count()

    def close(self) -> None:
        self._client.close()

    def check_comments(self) -> None:
        """Post a harmless and a toxic comment; both are accepted, and the policy decides both."""
        ids = [self._accepted(f"{text} ({next(self._numbers)})") for text in VERDICTS]
        assert self._stack.wait_decided(ids, 60) == [State.APPROVED, State.FLAGGED]
        for comment_id in ids:
            decision = self._client.get(f"/v1/comments/{comment_id}").json()["decision"]
            assert decision["actor"] == Actor.POLICY

    def check_coral(self) -> None:
        """Ask as Coral does, for both kinds of comment; the answers are verdicts."""
        for text, verdict in VERDICTS.items():
            body = f"{text} ({next(self._numbers)})"
            content = json.dumps({"action": "NEW", "comment": {"body": body}}).encode()
            answer = self._client.post(
                f"/v1/integrations/coral/{OTHER}",
                params={"timeout": str(MAX_TIMEOUT)},
                content=content,
                headers={HEADER: sign(CORAL_SECRET, content)},
            )
            assert (answer.status_code, answer.json()) == (200, verdict)

    def _accepted(self, body: str) -> UUID:
        answer = self._client.post("/v1/comments", json=comment_in(body=body))
        assert answer.status_code == 202
        return UUID(answer.json()["id"])


@contextmanager
def attacked(port: int, cases: Sequence[Case]) -> Iterator[None]:
    """Let an attacker send the requests in turn, one after the other, while the block runs."""
    sent: list[str] = []
    ended = threading.Event()

    def attack() -> None:
        for case in itertools.cycle(cases):
            if ended.is_set():
                return
            sent.append(case.name)
            case.send(port)

    thread = threading.Thread(target=attack)
    thread.start()
    try:
        # Each has had its first effect.
        wait_until(lambda: len(sent) > len(cases), 60)
        yield
        assert thread.is_alive()
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def stack(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give an installation with the attacker's site; nothing is started."""
    with installed(database_url, tmp_path) as stack:
        yield stack


def test_a_hostile_site_stops_no_other(stack: Stack) -> None:
    token = make_key(stack.database, stack.rows.site_id, *Scope, rate=HIGH)
    (known,) = add_comments(stack.database, stack.rows, "Vorher.")
    kinds = {
        "accents": attacks.accents(token, f"/v1/comments/{known}"),
        "tokens": attacks.costly(token),
        "framing": attacks.endless(token),
        "fields": [attacks.unknown_fields(token)],
    }
    with (
        running(stack, workers={"score": PROGRAM}) as url,
        closing(OtherSite(stack, url)) as site,
    ):
        for cases in kinds.values():
            with attacked(httpx2.URL(url).port or 0, cases):
                site.check_comments()
                site.check_coral()
