"""From scores to Perspective's answer, whatever was asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.analyses.results import Passage, Result
from service.compat.perspective.answers import answer
from service.compat.perspective.attributes import ATTRIBUTES
from service.compat.perspective.errors import CommentError
from service.compat.perspective.schemas import AnalyzeRequest
from service.domain.scores import ATTRIBUTES as OURS

TEXT = "Du Idiot. Schönes Wetter."

scores = st.dictionaries(st.sampled_from(OURS), st.floats(0, 1), min_size=1)
codes = st.sampled_from(["de", "en", "fr", "und"])


def result(language: str = "de", **more: float) -> Result:
    return Result(
        scores=more,
        forms={"original": more},
        spans=(Passage(start=3, end=8, attribute="toxicity", score=0.97),),
        language=language,
        languages=("de", "en"),
    )


def request(**document: object) -> AnalyzeRequest:
    return AnalyzeRequest.model_validate({"comment": {"text": TEXT}, **document})


def test_every_attribute_of_ours_has_one_of_perspectives() -> None:
    assert sorted(ATTRIBUTES.values()) == sorted(OURS)


def test_spans_of_the_attribute_are_given_on_request() -> None:
    wanted = request(requestedAttributes={"TOXICITY": {}, "INSULT": {}}, spanAnnotations=True)
    given_ = answer(wanted, TEXT, result(toxicity=0.9, insult=0.6)).attribute_scores
    assert [(s.begin, s.end, s.score.value) for s in given_["TOXICITY"].span_scores] == [
        (3, 8, 0.97)
    ]
    assert [(s.begin, s.end) for s in given_["INSULT"].span_scores] == [(0, len(TEXT))]


@pytest.mark.parametrize("language", ["de-AT", "DE", "en"])
def test_regions_and_case_of_a_language_mean_nothing(language: str) -> None:
    wanted = request(requestedAttributes={"TOXICITY": {}}, languages=[language])
    assert answer(wanted, TEXT, result("und", toxicity=0.9)).detected_languages == ["und"]


def test_renamed_codes_of_a_language_count() -> None:
    wanted = request(requestedAttributes={"TOXICITY": {}}, languages=["iw"])
    hebrew = result("he", toxicity=0.9).model_copy(update={"languages": ("he",)})
    assert answer(wanted, TEXT, hebrew).languages == ["iw"]


@given(
    has=scores,
    detected=codes,
    wanted=st.sets(st.sampled_from(sorted(ATTRIBUTES)), min_size=1),
    languages=st.lists(codes.filter(lambda code: code != "und"), max_size=2),
    allowed=st.booleans(),
)
def test_no_number_is_made_up(
    has: dict[str, float], detected: str, wanted: set[str], languages: list[str], allowed: bool
) -> None:
    asked = request(
        requestedAttributes={name: {} for name in wanted},
        languages=languages,
        allowUncalibrated=allowed,
    )
    calibrated = set(languages or [detected]) <= {"de", "en"}
    known = {ATTRIBUTES[name] for name in wanted} <= set(has)
    if not known or not (calibrated or allowed):
        with pytest.raises(CommentError):
            answer(asked, TEXT, result(detected, **has))
        return
    given_ = answer(asked, TEXT, result(detected, **has)).attribute_scores
    assert set(given_) == wanted
    for name, found in given_.items():
        assert found.summary_score
        assert found.summary_score.value == has[ATTRIBUTES[name]]
        assert found.summary_score.calibrated is (None if calibrated else False)
