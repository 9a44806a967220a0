import pytest

from service.domain.states import Actor, State
from service.policy.document import FIRST_POLICY
from service.policy.facts import Facts
from service.policy.judgement import judge

DOCUMENT = FIRST_POLICY.model_dump(mode="json")


@pytest.mark.parametrize(
    ("score", "state"), [(0.499, State.APPROVED), (0.5, State.FLAGGED), (1.0, State.FLAGGED)]
)
def test_policy_decides_on_scores(score: float, state: State) -> None:
    judgement = judge(DOCUMENT, Facts(forms={"original": {"toxicity": score}}))
    assert (judgement.state, judgement.actor) == (state, Actor.POLICY)


@pytest.mark.parametrize(
    ("document", "evidence"),
    [
        (None, "missing"),
        ({}, "unreadable"),
        ({"flag_at": {"toxicity": 7}}, "unreadable"),
        ({"flag_at": {"toxicity": 0.5}, "reject_at": {}}, "unreadable"),
    ],
)
def test_unusable_policy_flags(document: dict[str, object] | None, evidence: str) -> None:
    judgement = judge(document, Facts(forms={"original": {"toxicity": 0.0}}))
    assert (judgement.state, judgement.actor) == (State.FLAGGED, Actor.SYSTEM)
    assert [r.stored() for r in judgement.reasons] == [
        {"code": "policy_unusable", "evidence": evidence}
    ]


@pytest.mark.parametrize(
    "facts",
    [Facts(forms={}), Facts(forms={"original": {}}), Facts(forms={}, failure="RuntimeError")],
)
def test_system_flags_what_could_not_be_scored(facts: Facts) -> None:
    judgement = judge(DOCUMENT, facts)
    assert (judgement.state, judgement.actor) == (State.FLAGGED, Actor.SYSTEM)
    assert judgement.reasons[0].code == "scoring_failed"


def test_the_risk_is_the_highest_score_that_the_policy_judges() -> None:
    forms = {
        "original": {"toxicity": 0.2, "obscene": 0.9, "threat": 0.1},
        "folded": {"toxicity": 0.3, "threat": 0.4},
    }
    assert judge(DOCUMENT, Facts(forms=forms)).risk == 0.4
    assert judge({"flag_at": {"obscene": 1}}, Facts(forms=forms)).risk == 0.9
    assert judge({"flag_at": {"insult": 0.5}}, Facts(forms=forms)).risk is None
    assert judge(None, Facts(forms=forms)).risk is None
