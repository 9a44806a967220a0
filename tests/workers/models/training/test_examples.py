import math

from hypothesis import given
from hypothesis import strategies as st

from workers.models.training.examples import ATTRIBUTES, Example, ranges


def test_unknown_labels_become_nan_in_the_order_of_the_attributes() -> None:
    target = Example("x", {"threat": 1.0, "toxicity": 0.0}, "de", "test").target()
    assert target[ATTRIBUTES.index("toxicity")] == 0.0
    assert target[ATTRIBUTES.index("threat")] == 1.0
    assert sum(map(math.isnan, target)) == len(ATTRIBUTES) - 2


def test_unknown_is_neither_toxic_nor_harmless() -> None:
    example = Example("x", {}, "de", "test")
    assert not example.toxic
    assert not example.harmless


@given(st.sets(st.integers(0, 60)))
def test_ranges_hold_exactly_the_offsets_and_do_not_touch(offsets: set[int]) -> None:
    found = ranges(offsets)
    assert {place for start, end in found for place in range(start, end)} == offsets
    assert all(found[i][1] < found[i + 1][0] for i in range(len(found) - 1))
