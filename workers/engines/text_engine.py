"""An engine for texts of any length, around a network that reads one window at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from time import perf_counter
from typing import Any

from service.domain.costs import most_tokens
from service.domain.scores import checked_scores
from service.domain.texts import has_surrogate
from workers.engines import ORIGINAL, Network, Reading, Scored, TooCostlyText, UnscorableText
from workers.engines.cache import ScoreCache
from workers.engines.cost import MAX_TOKENS, TOO_COSTLY
from workers.engines.cpu import instruction_set
from workers.engines.disguises import Undisguised, undisguise
from workers.engines.language import Languages
from workers.engines.neutral import Neutraliser
from workers.engines.spans import FLAGGED, as_spans, passages
from workers.engines.windows import Span, pieces, windows
from workers.manifest import Manifest

MAX_SENTENCES = 200
"""Scored alone, at most: each is a call of its own. 10,000 characters of German are about 100."""


UNDISGUISED = "undisguised"
"""Name of the text form that is the text as readers see it, where that differs."""


@dataclass(frozen=True)
class _Form:
    """One form of a text, without what would steer the network."""

    name: str
    text: str
    disguise: Undisguised | None = None

    def in_original(self, span: dict[str, Any]) -> dict[str, Any]:
        """Return a span of this form as a span of the text itself."""
        if self.disguise is None:
            return span
        start, end = self.disguise.original(span["start"], span["end"])
        return span | {"start": start, "end": end}


class TextEngine:
    """Scores texts of any length, by each attribute's highest score over forms and windows."""

    def __init__(self, manifest: Manifest, network: Network) -> None:
        self.model = manifest.identity
        self.provenance = {
            "model": manifest.name,
            "version": manifest.version,
            "cpu": instruction_set(),
            **network.versions,
        }
        self.languages = manifest.languages
        self._manifest = manifest
        self._network = network
        self._capacity = manifest.window - network.tokenizer.num_special_tokens_to_add(
            is_pair=False
        )
        self._neutral = Neutraliser(network.tokenizer)
        self._languages = Languages(manifest.languages)
        self._cache = ScoreCache()

    def refuses(self, text: str) -> str | None:
        """Return TOO_COSTLY if all forms of the text together have more than MAX_TOKENS tokens."""
        if has_surrogate(text):
            return None
        disguise = undisguise(text)
        # Nearly every text ends here, without a tokenizer.
        if most_tokens(text) + most_tokens(disguise.text if disguise else "") <= MAX_TOKENS:
            return None
        original, *others = self._forms(text)
        # What is taken out becomes spaces, and some tokenizers count each of them.
        tokens = max(self._size(text), self._size(original.text))
        tokens += sum(self._size(form.text) for form in others)
        return TOO_COSTLY if tokens > MAX_TOKENS else None

    def score(self, texts: Sequence[str]) -> list[Scored]:
        """Return one result per text, in order; for an empty list, an empty list."""
        return [self._score(text) for text in texts]

    def _score(self, text: str) -> Scored:
        started = perf_counter()
        scored = self._cache.get(text)
        if scored is None:
            scored = self._read(text)
            self._cache.put(text, scored)
        return replace(scored, duration=perf_counter() - started)

    def _read(self, text: str) -> Scored:
        if has_surrogate(text):
            raise UnscorableText("half of a surrogate pair")
        if self.refuses(text):
            raise TooCostlyText(f"more than {MAX_TOKENS} tokens")
        forms = self._forms(text)
        language = self._languages.detect(forms[-1].text)
        read = [(form, *self._read_form(form)) for form in forms]
        scores = self._maximum([scores for _, scores, _ in read])
        worst, _, spans = max(read, key=lambda form: _highest(form[1]))
        return Scored(
            scores,
            duration=0.0,
            forms={form.name: scores for form, scores, _ in read},
            spans=sorted(map(worst.in_original, spans), key=itemgetter("start")),
            detection=language,
            details={
                "language_confidence": round(language.confidence, 3),
                "language_likelihoods": {
                    code: round(value, 4) for code, value in language.likelihoods.items()
                },
                "calibrated": language.code in self._manifest.languages,
            },
        )

    def _forms(self, text: str) -> list[_Form]:
        """Return the text, and how readers see it where that differs."""
        forms = [_Form(ORIGINAL, self._neutral(text))]
        disguise = undisguise(text)
        if disguise and disguise.text.strip():
            forms.append(_Form(UNDISGUISED, self._neutral(disguise.text), disguise))
        return forms

    def _read_form(self, form: _Form) -> tuple[dict[str, float], list[dict[str, Any]]]:
        """Return the form's scores, and its passages where it is toxic."""
        spans = windows(form.text, self._capacity, self._size)
        readings = self._network.run([form.text[start:end] for start, end in spans])
        scores = self._maximum([reading.scores for reading in readings])
        return scores, self._passages(form.text, spans, readings) if _toxic(scores) else []

    def _size(self, text: str) -> int:
        return len(self._network.tokenizer.encode(text, add_special_tokens=False))

    def _maximum(self, found: Sequence[dict[str, float]]) -> dict[str, float]:
        """Return the highest score of each attribute; raises ValueError for one outside 0..1."""
        checked = [checked_scores(scores) for scores in found]
        return {name: max(scores[name] for scores in checked) for name in self._manifest.attributes}

    def _passages(
        self, text: str, spans: Sequence[Span], readings: Sequence[Reading]
    ) -> list[dict[str, Any]]:
        """Return the passages that the span head marks in toxic windows, or the toxic sentences."""
        toxic = [
            (start, reading)
            for (start, _), reading in zip(spans, readings, strict=True)
            if _toxic(reading.scores)
        ]
        marks = [
            (start + first, start + last, mark)
            for start, reading in toxic
            for first, last, mark in reading.marks
        ]
        found = passages(text, marks)
        if not found:
            return self._sentences(text, spans, readings)
        worst = max((reading.scores for _, reading in toxic), key=_highest)
        return as_spans(found, _worst(worst))

    def _sentences(
        self, text: str, spans: Sequence[Span], readings: Sequence[Reading]
    ) -> list[dict[str, Any]]:
        """Score the sentences alone; without a toxic one, the worst is all there is to show.

        Where there are too many of them, the windows take their place, which have been read.
        """
        places = [
            (start, end)
            for start, end in pieces(text, self._capacity, self._size)
            if text[start:end].strip()
        ]
        if len(places) > MAX_SENTENCES:
            places = list(spans)
        # A single sentence has just been read.
        elif len(places) > 1 or len(readings) > 1:
            readings = self._network.run([text[start:end] for start, end in places])
        scored = [
            (place, reading.scores)
            for place, reading in zip(places, readings[: len(places)], strict=True)
        ]
        toxic = [item for item in scored if _toxic(item[1])]
        chosen = toxic or sorted(scored, key=lambda item: _highest(item[1]))[-1:]
        return [
            span
            for (start, end), scores in chosen
            for span in as_spans(
                passages(text, [(start, end, _highest(scores))], 0), _worst(scores)
            )
        ]


def _highest(scores: dict[str, float]) -> float:
    return max(scores.values())


def _toxic(scores: dict[str, float]) -> bool:
    return _highest(scores) >= FLAGGED


def _worst(scores: dict[str, float]) -> str:
    return max(scores, key=scores.__getitem__)
