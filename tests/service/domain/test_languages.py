"""Which language a text counts as."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.languages import FOREIGN_FROM, UNDETERMINED, Detection, counts_as, primary

KNOWN = ("de", "en")

codes = st.sampled_from(["de", "en", "fr", "eo", UNDETERMINED])
shares = st.floats(0, 1)
detections = st.builds(
    Detection,
    code=codes,
    confidence=shares,
    likelihoods=st.dictionaries(st.sampled_from([*KNOWN, "fr"]), shares),
)


@pytest.mark.parametrize(
    ("found", "counted"),
    [
        (Detection("en", 0.6), "en"),
        (Detection("fr", FOREIGN_FROM), "fr"),
        (Detection("eo", 0.72, {"de": 0.001, "en": 0.007}), "en"),
        (Detection(UNDETERMINED, 0.38, {"de": 0.014, "en": 0.384}), "en"),
        (Detection(UNDETERMINED, 0.97, {"de": 0.97, "en": 0.0001}), "de"),
        # The detector knows no part of the text: these are its likelihoods of nothing.
        (Detection(UNDETERMINED, 0.12, {"de": 0.08, "en": 0.12}), "nl"),
        (Detection(), "nl"),
    ],
)
def test_what_a_text_counts_as(found: Detection, counted: str) -> None:
    assert counts_as(found, KNOWN, "nl") == counted


@given(found=detections, known=st.sets(st.sampled_from(KNOWN)), main=st.sampled_from(["de", "nl"]))
def test_a_text_counts_as_foreign_only_where_that_is_sure(
    found: Detection, known: set[str], main: str
) -> None:
    counted = counts_as(found, known, main)
    assert counted != UNDETERMINED
    if counted not in {*known, main}:
        assert (counted, found.confidence >= FOREIGN_FROM) == (found.code, True)
    if found.code in known:
        assert counted == found.code


def test_the_only_language_of_a_model_is_the_likelier_one() -> None:
    assert counts_as(Detection(likelihoods={"de": 0.001}), ["de"], "en") == "de"
    assert counts_as(Detection(likelihoods={"de": 0.0}), ["de"], "en") == "en"


@pytest.mark.parametrize(
    ("tag", "code"), [("de", "de"), ("de-AT", "de"), ("iw", "he"), ("iw-IL", "he"), ("", "")]
)
def test_regions_and_old_codes_mean_the_same(tag: str, code: str) -> None:
    assert primary(tag) == code
