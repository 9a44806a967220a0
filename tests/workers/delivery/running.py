"""What the tests of the loop share."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Self
from uuid import UUID

from tests.support.outbox import Outbox
from tests.support.stack import wait_until
from tests.workers.delivery.receivers import Receiver, answer
from workers.delivery.loop import Delivering

OK = answer(200)
Receive = Callable[..., Receiver]

until = partial(wait_until, seconds=60)


def sent(receiver: Receiver) -> list[UUID]:
    return [UUID(request.id) for request in receiver.requests]


class Running:
    """Delivering in a thread of its own; told to end at the end."""

    def __init__(self, outbox: Outbox) -> None:
        self.delivering = Delivering(outbox.database, outbox.settings)
        self._thread = threading.Thread(target=self.delivering.run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.delivering.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()
