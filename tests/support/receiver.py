"""A receiver without a network: what a delivery worker does for it, by hand."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from httpx2 import Response
from pydantic import SecretStr
from sqlmodel import col, select

from service import clock
from service.domain.deliveries import Delivered, Outcome
from service.events.sequencer import number_due_events
from service.ids import new_id
from service.secret_box import SecretBox
from service.tables import Endpoint, WebhookMessage
from service.testing.backend import Backend
from service.webhooks.payloads import Composed
from tests.support.installation import SECRET_KEY
from workers.delivery.leasing import LEASE, Leased, give_back
from workers.delivery.recording import Done
from workers.delivery.rounds import Round, next_round
from workers.delivery.sending import Attempt

BOX = SecretBox(SecretStr(SECRET_KEY))
OK = Delivered(200)


def endpoint_in(**changes: Any) -> dict[str, Any]:
    """Return the body of a POST /v1/webhooks."""
    return {
        "url": "https://cms.example.org/netiquette",
        "events": ["comment.approved", "comment.flagged", "comment.rejected"],
    } | changes


def problem(response: Response) -> tuple[int, str]:
    """Return the status and what kind of problem it is."""
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["type"].rpartition(":")[2]


def content(message: Composed) -> dict[str, Any]:
    """Return what the receiver would read."""
    read: dict[str, Any] = json.loads(message.body)
    return read


@dataclass(frozen=True)
class Receiver:
    """An endpoint of a site."""

    backend: Backend
    id: UUID
    made: dict[str, Any]

    @classmethod
    def add(cls, backend: Backend, **changes: Any) -> "Receiver":
        response = backend.call("POST", "/v1/webhooks", json=endpoint_in(**changes))
        assert response.status_code == 201, response.text
        return cls(backend, UUID(response.json()["id"]), response.json())

    def call(self, method: str, suffix: str = "", **more: Any) -> Response:
        return self.backend.call(method, f"/v1/webhooks/{self.id}{suffix}", **more)

    def get(self, suffix: str = "", **query: Any) -> dict[str, Any]:
        response = self.call("GET", suffix, params=query)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    @property
    def row(self) -> Endpoint:
        with self.backend.database.read() as session:
            return session.get_one(Endpoint, self.id)

    @property
    def queue(self) -> Sequence[WebhookMessage]:
        with self.backend.database.read() as session:
            query = select(WebhookMessage).where(col(WebhookMessage.endpoint_id) == self.id)
            return session.exec(query.order_by(col(WebhookMessage.sequence))).all()

    def set(self, **values: Any) -> None:
        """Bring the endpoint into a state that takes days to come about."""
        with self.backend.database.write() as session:
            session.get_one(Endpoint, self.id).sqlmodel_update(values)

    def round(self) -> Round | None:
        """Return what a worker would send now."""
        return self._rounds([])[0]

    def deliver(self, outcome: Outcome = OK, response: str | None = "ok") -> list[Composed]:
        """Send one round with this outcome; return what was sent."""
        return list(
            self._rounds([Attempt(outcome, 0.1, getattr(outcome, "status", None), response)])[1]
        )

    def _rounds(self, attempts: list[Attempt]) -> tuple[Round | None, Sequence[Composed]]:
        database, site_id, now = self.backend.database, self.backend.rows.site_id, clock.now()
        with database.write() as session:
            number_due_events(session, site_id, now)
        leased = Leased(self.id, site_id, new_id())
        self.set(lease=leased.lease, leased_until=now + LEASE)
        found = next_round(database, BOX, leased, ())
        sent = found.messages if found and attempts else ()
        if found and sent:
            next_round(
                database, BOX, leased, [Done(found.url, message, attempts[0]) for message in sent]
            )
        give_back(database, leased)
        return found, sent
