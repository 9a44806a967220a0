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
MAIN = "de"

scores = st.dictionaries(st.sampled_from(OURS), st.floats(0, 1), min_size=1)
codes = st.sampled_from(["de", "en", "fr", "und"])


def result(language: str = "de", **more: float) -> Result:
    return Result(
        scores=more,
        forms={"original": more},
        spans=(Passage(start=3, end=8, attribute="toxicity", score=0.97),),
        language=language,
        confidence=0.99,
        languages=("de", "en"),
    )


def request(**document: object) -> AnalyzeRequest:
    return AnalyzeRequest.model_validate({"comment": {"text": TEXT}, **document})


def test_every_attribute_of_ours_has_one_of_perspectives() -> None:
    assert sorted(ATTRIBUTES.values()) == sorted(OURS)


def test_spans_of_the_attribute_are_given_on_request() -> None:
    wanted = request(requestedAttributes={"TOXICITY": {}, "INSULT": {}}, spanAnnotations=True)
    given_ = answer(wanted, TEXT, result(toxicity=0.9, insult=0.6), MAIN).attribute_scores
    assert [(s.begin, s.end, s.score.value) for s in given_["TOXICITY"].span_scores] == [
        (3, 8, 0.97)
    ]
    assert [(s.begin, s.end) for s in given_["INSULT"].span_scores] == [(0, len(TEXT))]


@pytest.mark.parametrize("language", ["de-AT", "DE", "en"])
def test_regions_and_case_of_a_language_mean_nothing(language: str) -> None:
    wanted = request(requestedAttributes={"TOXICITY": {}}, languages=[language])
    assert answer(wanted, TEXT, result("und", toxicity=0.9), MAIN).detected_languages == ["und"]


def test_renamed_codes_of_a_language_count() -> None:
    wanted = request(requestedAttributes={"TOXICITY": {}}, languages=["iw"])
    hebrew = result("he", toxicity=0.9).model_copy(update={"languages": ("he",)})
    assert answer(wanted, TEXT, hebrew, MAIN).languages == ["iw"]


@given(
    has=scores,
    detected=codes,
    wanted=st.sets(st.sampled_from(sorted(ATTRIBUTES)), min_size=1),
    languages=st.lists(codes.filter(lambda code: code != "und"), max_size=2),
    allowed=st.booleans(),
    dropped=st.booleans(),
    main=st.sampled_from(["de", "nl"]),
)
def test_no_number_is_made_up(
    *,
    has: dict[str, float],
    detected: str,
    wanted: set[str],
    languages: list[str],
    allowed: bool,
    dropped: bool,
    main: str,
) -> None:
    asked = request(
        requestedAttributes={name: {} for name in wanted},
        languages=languages,
        allowUncalibrated=allowed,
        dropUnsupportedAttributes=dropped,
    )
    counted = main if detected == "und" else detected
    calibrated = set(languages or [counted]) <= {"de", "en"}
    known = {name for name in wanted if ATTRIBUTES[name] in has}
    if not known or (known != wanted and not dropped) or not (calibrated or allowed):
        with pytest.raises(CommentError):
            answer(asked, TEXT, result(detected, **has), main)
        return
    answered = answer(asked, TEXT, result(detected, **has), main)
    given_ = answered.attribute_scores
    assert (answered.languages, answered.detected_languages) == (languages or [counted], [detected])
    assert set(given_) == known
    for name, found in given_.items():
        assert found.summary_score
        assert found.summary_score.value == has[ATTRIBUTES[name]]
        assert found.summary_score.calibrated is (None if calibrated else False)


def test_offsets_are_utf16_units() -> None:
    text = "😀😀😀 Hallo. Der Autor ist ein verdammter Vollidiot. Danke."
    found = result(toxicity=0.9).model_copy(
        update={"spans": (Passage(start=29, end=49, attribute="toxicity", score=0.97),)}
    )
    wanted = request(requestedAttributes={"TOXICITY": {}}, spanAnnotations=True)
    (span,) = answer(wanted, text, found, MAIN).attribute_scores["TOXICITY"].span_scores
    assert (span.begin, span.end) == (32, 52)
    sent = text.encode("utf-16-le")[2 * span.begin : 2 * span.end]
    assert sent.decode("utf-16-le") == "verdammter Vollidiot" == text[29:49]
    whole = answer(request(requestedAttributes={"TOXICITY": {}}), text, found, MAIN)
    (span,) = whole.attribute_scores["TOXICITY"].span_scores
    assert (span.begin, span.end) == (0, len(text.encode("utf-16-le")) // 2)


def test_the_sentence_about_languages_ends_after_them() -> None:
    wanted = request(requestedAttributes={"TOXICITY": {}}, languages=["fr", "es"])
    with pytest.raises(CommentError) as refused:
        answer(wanted, TEXT, result(toxicity=0.9), MAIN)
    assert refused.value.detail == ("Attribute TOXICITY does not support request languages: fr, es")
    assert "de, en" in refused.value.details[0]["advice"]
