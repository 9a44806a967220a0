"""An engine for texts of any length, around a network that reads one window at a time."""

from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

from service.domain.costs import most_tokens
from service.domain.scores import checked_scores
from service.domain.texts import has_surrogate
from workers.engines import Network, Reading, Scored, TooCostlyText, UnscorableText
from workers.engines.cache import ScoreCache
from workers.engines.cost import MAX_TOKENS, TOO_COSTLY
from workers.engines.cpu import instruction_set
from workers.engines.language import Languages
from workers.engines.neutral import Neutraliser
from workers.engines.spans import FLAGGED, as_spans, passages
from workers.engines.windows import Span, pieces, windows
from workers.manifest import Manifest

MAX_SENTENCES = 200
"""Scored alone, at most: each is a call of its own. 10,000 characters of German are about 100."""


class TextEngine:
    """Scores texts of any length, by the highest score of each attribute over all windows."""

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
        self._languages = Languages()
        self._cache = ScoreCache()

    def refuses(self, text: str) -> str | None:
        """Return TOO_COSTLY for a text of more than MAX_TOKENS tokens, else None."""
        if has_surrogate(text) or most_tokens(text) <= MAX_TOKENS:
            return None
        # What is taken out becomes spaces, and some tokenizers count each of them.
        if self._size(text) > MAX_TOKENS or self._size(self._neutral(text)) > MAX_TOKENS:
            return TOO_COSTLY
        return None

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
        clean = self._neutral(text)
        language = self._languages.detect(clean)
        spans = windows(clean, self._capacity, self._size)
        readings = self._network.run([clean[start:end] for start, end in spans])
        scores = self._maximum(readings)
        return Scored(
            scores,
            duration=0.0,
            forms={"original": scores},
            spans=self._passages(clean, spans, readings) if _toxic(scores) else [],
            language=language.code,
            details={
                "language_confidence": round(language.confidence, 3),
                "calibrated": language.code in self._manifest.languages,
            },
        )

    def _size(self, text: str) -> int:
        return len(self._network.tokenizer.encode(text, add_special_tokens=False))

    def _maximum(self, readings: Sequence[Reading]) -> dict[str, float]:
        """Return the highest score of each attribute; raises ValueError for one outside 0..1."""
        for reading in readings:
            checked_scores(reading.scores)
        return checked_scores(
            {
                name: max(reading.scores[name] for reading in readings)
                for name in self._manifest.attributes
            }
        )

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
