"""Nudges: Celery messages that wake the scoring workers, and the configuration for them.

A nudge only names a lane that holds something to score. What to score is in the database.
So a lost, doubled, late or reordered nudge changes only the timing (invariant 2), and no
text can reach the broker (invariant 8).
"""

import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

import structlog
from celery import Celery
from kombu.entity import Exchange, Queue
from opentelemetry.trace import SpanContext

from service.domain.vocabulary import Lane
from service.telemetry.tracing import MAX_LINKS, current_caller, publishing

SCORE_TASK = "netiquette.score"
SWEEP_TASK = "netiquette.sweep"
ERASE_TASK = "netiquette.erase"
UPKEEP_QUEUE = "upkeep"

ENOUGH_WAITING = 32
"""Unread messages of a queue from which on no more are sent, since they all say the same.

This limits the broker's memory while workers are away. An expiry would not: expired
messages stay until a worker reads them, and it needs clocks that agree.
"""

NUDGE_INTERVAL = 0.02
"""Seconds between two rounds of nudges. More nudges would only find an empty queue."""

RETRY_SECONDS = 1.0

log = structlog.get_logger(__name__)


def create_celery(broker_url: str) -> Celery:
    """Return a Celery application with the settings that producers and workers share."""
    app = Celery("netiquette", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        task_default_queue=UPKEEP_QUEUE,
        task_queues=[_queue(name) for name in (*(lane.queue for lane in Lane), UPKEEP_QUEUE)],
        broker_connection_retry_on_startup=True,
        # kombu waits for ever by default, but a broker that does not answer must be an error.
        broker_transport_options={
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "health_check_interval": 15,
            "queue_order_strategy": "priority",
            "priority_steps": [0],
            # Our callers try again themselves, at the times that suit them.
            "max_retries": 0,
        },
    )
    return app


def _queue(name: str) -> Queue:
    """Return a queue whose messages are deleted when they are read, without acknowledgement.

    If the broker goes away, an acknowledgement can fail. kombu only logs that, and the message
    still fills the worker's window of one message. The worker would then never read again,
    and never notice that its connection is dead.
    """
    exchange = Exchange(name)  # type: ignore[no-untyped-call]  # kombu has no types
    return Queue(name, exchange, routing_key=name, no_ack=True)  # type: ignore[no-untyped-call]  # same


def publish(
    app: Celery,
    task: str,
    queue: str,
    *,
    args: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> None:
    """Send a task's message, unless ENOUGH_WAITING messages wait in the queue.

    `headers` name its trace, if there is one (see `service.telemetry.tracing`). This tries
    once, and raises what the transport raises.
    """
    with app.producer_or_acquire() as producer:
        waiting = producer.channel.queue_declare(queue=queue).message_count
        if waiting < ENOUGH_WAITING:
            app.send_task(task, args, queue=queue, producer=producer, retry=False, headers=headers)


def publish_nudge(app: Celery, lane: Lane, headers: Mapping[str, str] | None = None) -> None:
    """Send a nudge for the lane; raises what the transport raises."""
    publish(app, SCORE_TASK, lane.queue, args=(lane.name.lower(),), headers=headers)


def nudge(app: Celery, lane: Lane) -> None:
    """Send a nudge for the lane; only log a failure, since the sweep nudges again."""
    try:
        publish_nudge(app, lane)
    except Exception as error:  # noqa: BLE001 - kombu raises whatever its transport raises
        log.warning("nudge_failed", error=type(error).__name__)


class Nudges(Protocol):
    """A sender of nudges to the scoring workers."""

    def nudge(self, lane: Lane) -> None:
        """Nudge for the lane. It returns at once and never raises."""


class Nudger:
    """Sends nudges from a thread of its own, so that requests do not wait for the broker.

    Nudges for the same lane are merged while the thread is busy. While the broker is away,
    the lanes are kept, and tried again each second.
    """

    def __init__(self, broker_url: str) -> None:
        """Start nothing yet; use as a context manager."""
        self._celery = create_celery(broker_url)
        self._wanted: dict[Lane, list[SpanContext]] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nudger", daemon=True)

    def __enter__(self) -> Self:
        """Start the publishing thread."""
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Send the nudges that are left, then stop; wait 3 seconds at most."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()
        self._thread.join(timeout=3)

    def nudge(self, lane: Lane) -> None:
        """Nudge for the lane. It returns at once and never raises."""
        caller = current_caller()
        with self._changed:
            callers = self._wanted.setdefault(lane, [])
            if caller and len(callers) <= MAX_LINKS:
                callers.append(caller)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted or self._stopping.is_set())
                wanted, self._wanted = self._wanted, {}
            published = self._publish(wanted)
            if self._stopping.is_set():
                return
            if not published:
                with self._changed:
                    self._wanted = wanted | self._wanted
            self._stopping.wait(NUDGE_INTERVAL if published else RETRY_SECONDS)

    def _publish(self, wanted: Mapping[Lane, list[SpanContext]]) -> bool:
        try:
            for lane in sorted(wanted):
                with publishing(lane.queue, wanted[lane]) as headers:
                    publish_nudge(self._celery, lane, headers)
        except Exception as error:  # noqa: BLE001 - kombu raises whatever its transport raises
            log.warning("nudge_failed", error=type(error).__name__)
            return False
        return True
