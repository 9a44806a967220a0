"""From scores and a policy to what Coral is told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.analyses.results import Result
from service.compat.coral.answers import MAX_TIMEOUT, MIN_TIMEOUT, answer, merged_forms, patience
from service.compat.coral.schemas import Flag, PhaseResponse
from service.domain.scores import ATTRIBUTES
from service.policies.gathering import without_comment
from service.policy.document import FIRST_POLICY
from service.policy.facts import Facts

POLICY = FIRST_POLICY.model_dump(mode="json")
WITHHELD = PhaseResponse(status="SYSTEM_WITHHELD")
FLAGGED = PhaseResponse(status="SYSTEM_WITHHELD", actions=[Flag()])


def result(**scores: float) -> Result:
    return Result(scores=scores, forms={"original": scores})


def facts(results: list[Result]) -> Facts:
    return without_comment(merged_forms(results))


def test_toxic_is_flagged_as_toxic() -> None:
    assert answer(POLICY, facts([result(toxicity=0.99)])) == FLAGGED


@pytest.mark.parametrize("scores", [(0.01, 0.99), (0.99, 0.01)])
def test_the_highest_score_of_all_readings_counts(scores: tuple[float, float]) -> None:
    assert answer(POLICY, facts([result(toxicity=score) for score in scores])) == FLAGGED


@pytest.mark.parametrize("document", [None, {}, {"flag_at": 3}])
def test_a_policy_that_cannot_be_read_calls_nothing_toxic(document: Any) -> None:
    assert answer(document, facts([result(toxicity=0.01)])) == WITHHELD


def test_a_missing_attribute_calls_nothing_toxic() -> None:
    policy = POLICY | {"required": ["toxicity", "threat"]}
    assert answer(policy, facts([result(toxicity=0.01)])) == WITHHELD
    assert answer(policy, facts([result(toxicity=0.99)])) == FLAGGED


@given(
    scores=st.dictionaries(st.sampled_from(ATTRIBUTES), st.floats(0, 1)),
    required=st.lists(st.sampled_from(ATTRIBUTES), unique=True),
)
def test_nothing_goes_on_that_the_policy_has_not_let_pass(
    scores: dict[str, float], required: list[str]
) -> None:
    given_ = answer(POLICY | {"required": required}, facts([result(**scores)]))
    judged = bool(scores) and set(required) <= set(scores)
    thresholds = FIRST_POLICY.flag_at
    over = any(score >= thresholds[name] for name, score in scores.items() if name in thresholds)
    assert (given_.status is None) == (judged and not over)
    assert (given_.actions == [Flag()]) == over


@pytest.mark.parametrize(("timeout", "seconds"), [("100", 0.05), ("2000", 1.6), ("10000", 8.0)])
def test_there_is_time_left_for_the_way(timeout: str, seconds: float) -> None:
    assert patience(timeout) == pytest.approx(seconds)


@given(st.one_of(st.integers().map(str), st.text()))
def test_any_timeout_is_coral_s_or_refused(given_: str) -> None:
    seconds = patience(given_)
    if seconds is None:
        return
    assert MIN_TIMEOUT <= int(given_) <= MAX_TIMEOUT
    assert 0 < seconds < int(given_) / 1000
