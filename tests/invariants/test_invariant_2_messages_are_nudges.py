"""Invariant 2: a lost, doubled, late or reordered nudge changes nothing but timing."""

import pytest

from service.domain.states import State
from service.domain.vocabulary import Lane
from service.nudges import ENOUGH_WAITING, create_celery, nudge
from service.testing.rows import add_comments
from tests.support.record import check_record
from tests.support.stack import Stack, Valkey


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_doubled_and_mistaken_nudges_with_two_children(stack: Stack, valkey: Valkey) -> None:
    bulk = add_comments(stack.database, stack.rows, *map(str, range(20)), lane=Lane.BULK)
    waiting = add_comments(stack.database, stack.rows, *map(str, range(20)), lane=Lane.WAITING)
    app = create_celery(valkey.url)
    for _ in range(40):
        for lane in Lane:
            nudge(app, lane)
    with app.connection_for_write() as connection:
        for lane in Lane:
            declared = connection.default_channel.queue_declare(queue=lane.queue)
            assert declared.message_count == ENOUGH_WAITING
    stack.start("score", "2")
    assert set(stack.wait_decided(bulk + waiting)) == {State.APPROVED}
    check_record(stack.database, bulk + waiting)
    with stack.database.read() as session:
        decided = [comment.id for comment in stack.decided_in_order(session)]
    # While one child scores the last callers' batch, the other may begin with bulk.
    assert set(decided[:16]) <= set(waiting)
