from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.languages import Detection
from service.domain.scores import ATTRIBUTES, checked_scores
from service.domain.states import State
from service.domain.vocabulary import MemberStatus
from service.policy.document import FIRST_POLICY, PolicyDocument
from service.policy.facts import Facts, Language
from service.policy.findings import CODES
from service.policy.judgement import decide

SCORES = st.dictionaries(st.sampled_from(ATTRIBUTES), st.floats(0, 1), max_size=7)
POLICIES = st.builds(
    PolicyDocument,
    flag_at=st.dictionaries(st.sampled_from(ATTRIBUTES), st.floats(0, 1), min_size=1),
    required=st.lists(st.sampled_from(ATTRIBUTES), unique=True).map(tuple),
)
FACTS = st.builds(
    Facts,
    forms=st.dictionaries(st.sampled_from(["plain", "folded"]), SCORES, max_size=2),
    failure=st.none() | st.just("ScorerHung"),
    language=st.none()
    | st.builds(
        Language,
        code=st.sampled_from(["de", "ru", "und"]),
        confidence=st.floats(0, 1),
        letters=st.integers(0, 40),
        supported=st.booleans(),
    ),
    member_status=st.sampled_from(MemberStatus),
    previously_flagged=st.booleans(),
    reporters=st.integers(0, 5),
)


def harmless(**changes: Any) -> Facts:
    return Facts(**({"forms": {"plain": {"toxicity": 0.01}}} | changes))


def detected(code: str, confidence: float = 0.8, letters: int = 20) -> dict[str, Any]:
    found = Detection(code, confidence, {}, letters)
    return {"language": Language.of(found, ["de", "en"])}


def codes(facts: Facts, policy: PolicyDocument = FIRST_POLICY) -> list[str]:
    return [reason.code for reason in decide(policy, facts).reasons]


def test_nothing_to_object_to_is_approved() -> None:
    verdict = decide(FIRST_POLICY, harmless())
    assert verdict.state is State.APPROVED
    assert verdict.reasons == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"forms": {}}, ["scoring_failed"]),
        ({"failure": "ScorerHung"}, ["scoring_failed"]),
        ({"forms": {"plain": {"insult": 0.0}}}, ["attribute_missing"]),
        ({"forms": {"plain": {"toxicity": 0.5}}}, ["over_threshold"]),
        ({"forms": {"plain": {"toxicity": 0.0}, "folded": {"toxicity": 1}}}, ["over_threshold"]),
        (detected("ru"), ["language_unsupported"]),
        ({"member_status": MemberStatus.PREMODERATED}, ["member_premoderated"]),
        ({"previously_flagged": True}, ["previously_flagged"]),
        ({"reporters": 3}, ["reported"]),
        (
            {"forms": {"plain": {"toxicity": 0.9}}, "previously_flagged": True},
            ["over_threshold", "previously_flagged"],
        ),
    ],
)
def test_each_phase_objects(changes: dict[str, Any], expected: list[str]) -> None:
    facts = harmless(**changes)
    assert codes(facts) == expected
    assert set(expected) <= CODES.keys()
    assert decide(FIRST_POLICY, facts).state is State.FLAGGED


@pytest.mark.parametrize(
    "language",
    [detected("de"), detected("und"), detected("ru", 0.79), detected("ru", letters=19), {}],
    ids=["known", "undetermined", "unsure", "short", "unscored"],
)
def test_a_language_is_no_objection_where_it_is_known_or_doubtful(language: dict[str, Any]) -> None:
    assert codes(harmless(**language)) == []


def test_fewer_reporters_than_the_limit_pass() -> None:
    assert codes(harmless(reporters=2)) == []
    assert codes(harmless(reporters=3), FIRST_POLICY.model_copy(update={"report_limit": 4})) == []


def test_just_under_the_threshold_passes() -> None:
    assert codes(harmless(forms={"plain": {"toxicity": 0.49999}})) == []


def test_the_clearest_excess_comes_first() -> None:
    facts = harmless(forms={"plain": {"toxicity": 0.6, "threat": 0.9}})
    reasons = decide(FIRST_POLICY, facts).reasons
    assert [(reason.attribute, reason.score, reason.threshold) for reason in reasons] == [
        ("threat", 0.9, 0.5),
        ("toxicity", 0.6, 0.5),
    ]


@given(POLICIES, FACTS)
def test_a_failure_or_a_missing_score_never_approves(policy: PolicyDocument, facts: Facts) -> None:
    verdict = decide(policy, facts)
    missing = any(name not in facts.scores for name in policy.required)
    if facts.failure is not None or not facts.scores or missing:
        assert verdict.state is State.FLAGGED
    assert (verdict.state is State.FLAGGED) is bool(verdict.reasons)


@given(POLICIES, FACTS, st.sampled_from(ATTRIBUTES), st.floats(0, 1))
def test_a_higher_score_never_approves_what_was_flagged(
    policy: PolicyDocument, facts: Facts, attribute: str, score: float
) -> None:
    if attribute in policy.required and attribute not in facts.scores:
        return
    worse = facts.model_copy(update={"forms": {**facts.forms, "another": {attribute: score}}})
    if decide(policy, facts).state is State.FLAGGED and facts.scores:
        assert decide(policy, worse).state is State.FLAGGED


@given(POLICIES, FACTS)
def test_the_record_gives_the_same_verdict_without_a_model(
    policy: PolicyDocument, facts: Facts
) -> None:
    again = Facts.model_validate_json(facts.model_dump_json())
    document = PolicyDocument.model_validate_json(policy.model_dump_json())
    assert decide(document, again) == decide(policy, facts)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -0.1, 1.1])
def test_a_score_that_is_none_is_refused(score: float) -> None:
    with pytest.raises(ValueError, match="toxicity"):
        checked_scores({"toxicity": score})


def test_unknown_attributes_are_left_out() -> None:
    assert checked_scores({"toxicity": 1, "mood": 7}) == {"toxicity": 1.0}
