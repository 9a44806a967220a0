"""Whole comments: windows, passages, languages, cache, around a network that knows one word."""

from collections.abc import Callable

import pytest

from tests.support.disguises import DISGUISES
from tests.support.one_word import OneWord, engine_of
from workers.engines import TooCostlyText, UnscorableText
from workers.engines.cost import MAX_TOKENS, TOO_COSTLY

FILLER = "Das ist ein sachlicher Beitrag, danke dafür. "
LONG = MAX_TOKENS // 2


@pytest.fixture(params=[True, False], ids=["span head", "sentences"])
def network(request: pytest.FixtureRequest) -> OneWord:
    return OneWord(marks=request.param)


@pytest.mark.parametrize("place", ["begin", "middle", "end"])
def test_a_long_text_is_as_bad_as_its_worst_window(network: OneWord, place: str) -> None:
    parts = [FILLER] * 200
    parts.insert({"begin": 0, "middle": 100, "end": 200}[place], "Du Idiot. ")
    (scored,) = engine_of(network).score(["".join(parts)])
    assert scored.scores == {"toxicity": 0.45, "insult": 0.9}


def test_no_window_is_longer_than_the_network_takes(network: OneWord) -> None:
    engine_of(network).score([FILLER * 200, "a" * LONG, "\u0301" * LONG])
    assert all(len(network.tokenizer.encode(text)) <= 64 for text in network.texts)


@pytest.mark.parametrize(
    "before", ["", FILLER * 5, "😀👩‍👩‍👧 ", "e\u0301e\u0301 ", "שלום \u202e", "<b></s> "]
)
def test_passages_are_in_code_points_of_the_text(network: OneWord, before: str) -> None:
    text = f"{before}Du Idiot! Danke."
    spans = engine_of(network).score([text])[0].spans
    assert spans
    assert all("Idiot" in text[span["start"] : span["end"]] for span in spans)
    assert all(span["attribute"] == "insult" for span in spans)
    if network._marks:
        assert [text[span["start"] : span["end"]] for span in spans] == ["Idiot"]
    else:
        assert "Danke" not in "".join(text[span["start"] : span["end"]] for span in spans)


def test_only_toxic_texts_have_passages(network: OneWord) -> None:
    assert engine_of(network).score([FILLER])[0].spans == []


def test_the_same_text_is_scored_once(network: OneWord) -> None:
    engine = engine_of(network)
    first, second = engine.score(["Hallo", "Hallo"])
    assert network.texts == ["Hallo"]
    assert first.scores == second.scores


@pytest.mark.parametrize(
    ("text", "language", "calibrated"),
    [
        (FILLER, "de", True),
        ("This is a fine article, thank you.", "en", False),
        ("ok", "und", False),
    ],
)
def test_the_record_says_whether_the_language_is_calibrated(
    network: OneWord, text: str, language: str, calibrated: bool
) -> None:
    (scored,) = engine_of(network).score([text])
    assert scored.language == language
    assert scored.details["calibrated"] is calibrated


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
def test_a_disguised_word_is_as_bad_as_the_word(
    network: OneWord, disguise: Callable[[str], str]
) -> None:
    text = disguise("Hallo, du Idiot!")
    (scored,) = engine_of(network).score([text])
    assert scored.forms == {
        "original": {"toxicity": 0.05, "insult": 0.1},
        "undisguised": {"toxicity": 0.45, "insult": 0.9},
    }
    assert scored.scores == scored.forms["undisguised"]
    assert scored.spans
    for span in scored.spans:
        shown = [text[place] for place in range(span["start"], span["end"])]
        assert set("Idiot") <= set(shown)


def test_a_text_that_reads_worse_as_it_stands_is_scored_so(network: OneWord) -> None:
    text = "Idiot, sagt\u202etoidI er mir é"
    (scored,) = engine_of(network).score([text])
    assert scored.scores == {"toxicity": 0.45, "insult": 0.9}
    first = scored.spans[0]
    assert text[first["start"] : first["end"]].startswith("Idiot")


def test_a_text_without_disguise_is_read_once(network: OneWord) -> None:
    (scored,) = engine_of(network).score(["Schöne Grüße ❤️"])
    assert list(scored.forms) == ["original"]
    assert network.texts == ["Schöne Grüße ❤️"]


def test_the_language_is_that_of_the_undisguised_text(network: OneWord) -> None:
    (scored,) = engine_of(network).score(["\u00ad".join(FILLER)])
    assert scored.language == "de"


def test_a_text_of_ignorable_characters_has_no_second_form(network: OneWord) -> None:
    (scored,) = engine_of(network).score(["\u034f\u00ad"])
    assert list(scored.forms) == ["original"]


def test_both_forms_together_may_be_too_costly(network: OneWord) -> None:
    engine = engine_of(network)
    words = "a " * (MAX_TOKENS * 3 // 4)
    assert engine.refuses(words) is None
    assert engine.refuses(words + "é") == TOO_COSTLY
    with pytest.raises(TooCostlyText):
        engine.score([words + "é"])


def test_half_a_surrogate_pair_is_a_typed_error(network: OneWord) -> None:
    with pytest.raises(UnscorableText):
        engine_of(network).score(["Idiot \ud83d"])
