"""A delivery worker that tests move step by step."""

from collections.abc import Sequence
from uuid import UUID

from service import clock
from service.domain.deliveries import Outcome
from tests.support.outbox import Outbox
from workers.delivery import leasing, rounds
from workers.delivery.leasing import Leased
from workers.delivery.recording import Done
from workers.delivery.rounds import Round
from workers.delivery.sending import Attempt
from workers.numbering import number_events


class Worker:
    """Works an endpoint by hand: what would be sent is seen, and what comes of it is said."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.current: Round | None = None

    def lease(self, limit: int = 10) -> list[Leased]:
        number_events(self._outbox.database, clock.now())
        return leasing.lease_endpoints(self._outbox.database, limit)

    def begin(self) -> Sequence[UUID]:
        """Lease the only endpoint that is due; return the ids that are to be sent."""
        (self.leased,) = self.lease()
        return self.go_on()

    def go_on(self, *outcomes: Outcome) -> Sequence[UUID]:
        """Record outcomes of the messages before, the last one for the rest; return the next."""
        messages = self.current.messages if self.current else ()
        padded = [*outcomes, *outcomes[-1:] * len(messages)]
        done = [
            Done(self.current.url, message, Attempt(outcome, 0.1))
            for message, outcome in zip(messages, padded, strict=False)
            if self.current
        ]
        self.current = rounds.next_round(self._outbox.database, self._outbox.box, self.leased, done)
        return [message.event_id for message in self.current.messages] if self.current else []
