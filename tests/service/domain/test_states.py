"""The table of states (design, section 2), as data."""

from itertools import product

import pytest

from service.domain.events import event_for
from service.domain.states import Actor, State, may_change, may_undo

ALLOWED = {
    # policy: pending -> approved, flagged, rejected; approved -> flagged (reports, re-assessment)
    ("policy", "pending", "approved"),
    ("policy", "pending", "flagged"),
    ("policy", "pending", "rejected"),
    ("policy", "approved", "flagged"),
    # scoring failed for good, or any doubt
    ("system", "pending", "flagged"),
    # the member was erased: any but withdrawn
    ("system", "pending", "withdrawn"),
    ("system", "flagged", "withdrawn"),
    ("system", "approved", "withdrawn"),
    ("system", "rejected", "withdrawn"),
    # a moderator decides
    *product(
        ["moderator"],
        ["pending", "flagged", "approved", "rejected"],
        ["approved", "flagged", "rejected"],
    ),
    # the author edits; rejected is refused
    ("author", "pending", "pending"),
    ("author", "flagged", "pending"),
    ("author", "approved", "pending"),
    # the author withdraws: any but withdrawn
    ("author", "pending", "withdrawn"),
    ("author", "flagged", "withdrawn"),
    ("author", "approved", "withdrawn"),
    ("author", "rejected", "withdrawn"),
}


@pytest.mark.parametrize(("actor", "source", "target"), list(product(Actor, State, State)))
def test_exactly_the_table_is_allowed(actor: Actor, source: State, target: State) -> None:
    assert may_change(actor, source, target) is ((actor, source, target) in ALLOWED)


def test_nothing_undoes_a_withdrawal() -> None:
    assert not any(may_undo(State.WITHDRAWN, target) for target in State)
    assert not any(may_undo(source, State.WITHDRAWN) for source in State)


def test_every_state_has_its_own_event() -> None:
    assert len({event_for(state) for state in State}) == len(State)
