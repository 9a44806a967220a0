"""Whole comments: windows, passages, languages, cache, around a network that knows one word."""

from collections.abc import Sequence

import pytest

from workers.engines import Reading, UnscorableText
from workers.engines.cost import MAX_TOKENS
from workers.engines.text_engine import TextEngine
from workers.manifest import Manifest
from workers.testing import tiny_tokenizer

FILLER = "Das ist ein sachlicher Beitrag, danke dafür. "
LONG = MAX_TOKENS // 2


class OneWord:
    """A network that finds one word toxic; with or without a span head."""

    def __init__(self, *, marks: bool) -> None:
        self.tokenizer = tiny_tokenizer()
        self.versions = {"engine": "word"}
        self.texts: list[str] = []
        self._marks = marks

    def run(self, texts: Sequence[str]) -> list[Reading]:
        self.texts += texts
        return [self._run(text) for text in texts]

    def _run(self, text: str) -> Reading:
        score = 0.9 if "Idiot" in text else 0.1
        start = text.find("Idiot")
        marks = ((start, start + 5, 0.8),) if self._marks and start >= 0 else ()
        return Reading({"toxicity": score / 2, "insult": score}, marks)


def engine_of(network: OneWord) -> TextEngine:
    manifest = Manifest(
        name="word",
        version="1",
        source="-",
        licence="-",
        training_data=(),
        attributes=("toxicity", "insult"),
        languages=("de",),
        window=64,
        files={},
    )
    return TextEngine(manifest, network)


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


def test_half_a_surrogate_pair_is_a_typed_error(network: OneWord) -> None:
    with pytest.raises(UnscorableText):
        engine_of(network).score(["Idiot \ud83d"])
