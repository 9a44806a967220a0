"""A site with decisions to tell its receivers."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlmodel import col, select

from service import clock
from service.comments.changes import Change, change_state
from service.comments.repository import lock_comment
from service.db import Database
from service.domain.events import EventType
from service.domain.states import Actor, State
from service.secret_box import SecretBox
from service.settings import Settings
from service.tables import Delivery, Endpoint, Event, WebhookMessage
from service.testing.rows import SiteRows, add_comments, insert_report
from workers.delivery.loop import Delivering

KEY = SecretStr("k" * 32)


@dataclass(frozen=True)
class Outbox:
    """A site whose decisions are told to receivers."""

    database: Database
    rows: SiteRows
    secret: str

    @property
    def settings(self) -> Settings:
        return Settings(webhook_networks=("127.0.0.0/8",), secret_key=KEY)

    @property
    def box(self) -> SecretBox:
        return SecretBox(KEY)

    def endpoint(self, url: str, **more: Any) -> UUID:
        """Add a receiver of everything, unless said otherwise."""
        values: dict[str, Any] = {
            "site_id": self.rows.site_id,
            "url": url,
            "events": list(EventType),
            "secret": self.box.encrypt(self.secret),
            "queued_sequence": 0,
        }
        endpoint = Endpoint(**values | more)
        with self.database.write() as session:
            session.add(endpoint)
            session.flush()
            return endpoint.id

    def comments(self, count: int, body: str = "Das sehe ich anders.") -> list[UUID]:
        return add_comments(self.database, self.rows, *[body] * count)

    def decide(
        self, comment_id: UUID, state: State = State.APPROVED, actor: Actor = Actor.POLICY
    ) -> UUID:
        """Change the comment's state; return the id of the event, which is due at once."""
        with self.database.write() as session:
            comment = lock_comment(session, self.rows.site_id, comment_id)
            decision = change_state(session, Change(comment, state, actor, policy=1))
            event = session.exec(select(Event).where(Event.decision_id == decision.id)).one()
            event.due_at = clock.now()
            return event.id

    def approve(self, count: int) -> list[UUID]:
        """Approve so many new comments; return their events' ids, oldest first."""
        return [self.decide(comment_id) for comment_id in self.comments(count)]

    def report(self, comment_id: UUID) -> UUID:
        """Report the comment; return the id of the event."""
        with self.database.write() as session:
            return insert_report(session, comment_id, self.rows.site_id, clock.now()).id

    def deliver(self) -> None:
        """Deliver what is due, as a nudge has a worker do."""
        Delivering(self.database, self.settings).run()

    def read(self, endpoint_id: UUID) -> Endpoint:
        with self.database.read() as session:
            return session.get_one(Endpoint, endpoint_id)

    def change(self, endpoint_id: UUID, **values: Any) -> None:
        with self.database.write() as session:
            session.get_one(Endpoint, endpoint_id).sqlmodel_update(values)

    def waiting(self, endpoint_id: UUID) -> list[WebhookMessage]:
        """Return what waits for the receiver, oldest first."""
        with self.database.read() as session:
            return list(
                session.exec(
                    select(WebhookMessage)
                    .where(WebhookMessage.endpoint_id == endpoint_id)
                    .order_by(col(WebhookMessage.sequence))
                )
            )

    def deliveries(self, endpoint_id: UUID) -> list[Delivery]:
        """Return the attempts, oldest first."""
        with self.database.read() as session:
            return list(
                session.exec(
                    select(Delivery)
                    .where(Delivery.endpoint_id == endpoint_id)
                    .order_by(col(Delivery.id))
                )
            )

    def events(self, kind: EventType) -> list[Event]:
        with self.database.read() as session:
            return list(session.exec(select(Event).where(Event.type == kind)))
