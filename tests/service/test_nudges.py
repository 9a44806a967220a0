import socket

import pytest
from structlog.testing import capture_logs

from service.domain.vocabulary import Lane
from service.nudges import (
    ENOUGH_WAITING,
    SCORE_TASK,
    UPKEEP_QUEUE,
    Nudger,
    create_celery,
    nudge,
    publish,
)
from tests.support.stack import Valkey, free_port, wait_until


def waiting(valkey: Valkey, lane: Lane) -> int:
    """Return how many nudges wait in the lane."""
    with create_celery(valkey.url).connection_for_write() as connection:
        declared = connection.default_channel.queue_declare(queue=lane.queue)
        return int(declared.message_count)


def test_nudges_arrive_in_their_lane(valkey: Valkey) -> None:
    with Nudger(valkey.url) as nudger:
        nudger.nudge(Lane.WAITING)
        nudger.nudge(Lane.BULK)
        wait_until(lambda: waiting(valkey, Lane.BULK) == 1)
    assert [waiting(valkey, lane) for lane in Lane] == [1, 0, 1]


def test_nudges_coalesce(valkey: Valkey) -> None:
    with Nudger(valkey.url) as nudger:
        with valkey.paused():
            nudger.nudge(Lane.COMMENTS)
            wait_until(lambda: not nudger._wanted)
            for _ in range(10_000):
                nudger.nudge(Lane.COMMENTS)
            # All of them have returned, though not even the first is published.
            assert Lane.COMMENTS.queue.encode() not in valkey.everything()
        wait_until(lambda: not nudger._wanted)
    assert 1 <= waiting(valkey, Lane.COMMENTS) <= 2


def test_the_last_nudge_is_published_on_closing(valkey: Valkey) -> None:
    nudger = Nudger(valkey.url)
    with nudger:
        nudger.nudge(Lane.COMMENTS)
    assert waiting(valkey, Lane.COMMENTS) == 1


def test_an_unread_queue_does_not_grow_for_ever(valkey: Valkey) -> None:
    app = create_celery(valkey.url)
    for _ in range(ENOUGH_WAITING + 9):
        publish(app, SCORE_TASK, Lane.COMMENTS.queue)
    assert waiting(valkey, Lane.COMMENTS) == ENOUGH_WAITING


def test_nudges_are_kept_until_the_broker_is_back(valkey: Valkey) -> None:
    valkey.kill()
    with capture_logs() as logs, Nudger(valkey.url) as nudger:
        nudger.nudge(Lane.COMMENTS)
        wait_until(lambda: any(entry["event"] == "nudge_failed" for entry in logs))
        valkey.start()
        wait_until(lambda: waiting(valkey, Lane.COMMENTS) == 1)


def test_an_app_goes_on_after_the_broker_was_restarted(valkey: Valkey) -> None:
    app = create_celery(valkey.url)
    nudge(app, Lane.COMMENTS)
    valkey.kill()
    with capture_logs() as logs:
        nudge(app, Lane.COMMENTS)
    assert [entry["event"] for entry in logs] == ["nudge_failed"]
    valkey.start()
    nudge(app, Lane.COMMENTS)
    assert waiting(valkey, Lane.COMMENTS) == 1


def test_nobody_waits_for_a_broker_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither while nudging nor for longer than the promised 3 s on closing."""
    patience: list[float | None] = []

    def join(timeout: float | None = None) -> None:
        """Spend no time."""
        patience.append(timeout)

    with socket.create_server(("127.0.0.1", 0)) as silent, capture_logs() as logs:
        silent.settimeout(20)
        nudger = Nudger(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        nudger._celery.conf.broker_transport_options["socket_timeout"] = 600
        monkeypatch.setattr(nudger._thread, "join", join)
        with nudger:
            nudger.nudge(Lane.COMMENTS)
            connection, _ = silent.accept()
            nudger.nudge(Lane.WAITING)
        assert logs == []
        assert nudger._thread.is_alive()
        connection.close()
        monkeypatch.undo()
        nudger._thread.join(20)
    assert patience == [3]


def test_a_refused_nudge_is_no_error() -> None:
    with capture_logs() as logs:
        nudge(create_celery(f"redis://127.0.0.1:{free_port()}/0"), Lane.COMMENTS)
    assert [entry["event"] for entry in logs] == ["nudge_failed"]


def test_messages_need_no_acknowledgement() -> None:
    queues = create_celery("redis://127.0.0.1:1").amqp.queues
    assert {*queues} == {*(lane.queue for lane in Lane), UPKEEP_QUEUE}
    assert all(queue.no_ack for queue in queues.values())


def test_a_nudge_names_its_lane_and_nothing_else(valkey: Valkey) -> None:
    app = create_celery(valkey.url)
    nudge(app, Lane.BULK)
    with app.connection_for_read() as connection:
        message = connection.default_channel.basic_get(Lane.BULK.queue, no_ack=True)
        arguments, named, _ = message.decode()
    assert (message.headers["task"], arguments, named) == (SCORE_TASK, ["bulk"], {})
