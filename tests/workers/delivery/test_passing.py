"""Which events of a comment pass earlier ones that the receiver refuses."""

from service.domain.deliveries import Delivered, Refused
from service.domain.states import Actor, State
from service.testing.rows import FrozenClock
from tests.support.outbox import Outbox
from tests.workers.delivery.by_hand import Worker

URL = "https://receiver.test/hook"
OK = Delivered(200)


def test_a_state_passes_reports_of_its_comment_that_are_refused(
    outbox: Outbox, worker: Worker, now: FrozenClock
) -> None:
    """While the endpoint takes others, and while the report is all that it was sent."""
    endpoint = outbox.endpoint(URL)
    one, other = outbox.comments(2)
    first, passed = outbox.report(one), outbox.report(other)
    assert worker.begin() == [first, passed]
    assert worker.go_on(Refused(500), OK) == []
    second = outbox.report(one)
    assert worker.begin() == []  # behind the first
    flagged = outbox.decide(one, State.FLAGGED)
    assert worker.begin() == [flagged]
    assert worker.go_on(OK) == []
    assert [row.sequence for row in outbox.waiting(endpoint)] == [1, 3]
    now.advance(10)
    assert worker.begin() == [first]
    assert worker.go_on(Refused(500)) == []
    rejected = outbox.decide(one, State.REJECTED, Actor.MODERATOR)
    now.advance(20)
    assert worker.begin() == [rejected]
    assert worker.go_on(OK) == []
    now.advance(60)
    assert worker.begin() == [first]
    assert worker.go_on(OK) == [second]
    assert worker.go_on(OK) == []
    assert outbox.waiting(endpoint) == []


def test_a_state_that_is_refused_holds_up_later_reports(
    outbox: Outbox, worker: Worker, now: FrozenClock
) -> None:
    outbox.endpoint(URL)
    one, other = outbox.comments(2)
    approved, passed = outbox.decide(one), outbox.decide(other)
    assert worker.begin() == [approved, passed]
    assert worker.go_on(Refused(500), OK) == []
    reported = outbox.report(one)
    assert worker.begin() == []
    now.advance(10)
    assert worker.begin() == [approved]
    assert worker.go_on(OK) == [reported]
