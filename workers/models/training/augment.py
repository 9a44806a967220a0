"""Variation of training texts: the writing of news comments and the tricks of evasion.

Applied to harmless and toxic texts alike, so that the trick itself never becomes a sign of
toxicity. All randomness comes from the caller's generator, so a seed fixes a run.
"""

import random
import re
from collections.abc import Callable

from workers.models.training.examples import HARMLESS, Example

_MENTION = re.compile(r"@\w+\s*")
_HASHTAG = re.compile(r"#(\w+)")
_WORD = re.compile(r"[^\W\d_]{4,}")
_LEET = str.maketrans({"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"})
_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"}
)
MENTION_RATE, HASHTAG_RATE, STYLE_RATE, EVASION_RATE = 0.5, 0.5, 0.12, 0.15


def leet(word: str, rng: random.Random) -> str:
    """``Idiot`` → ``1d107``, each letter with a chance."""
    return "".join(c.lower().translate(_LEET) if rng.random() < 0.6 else c for c in word)


def spaced(word: str, rng: random.Random) -> str:
    """``Arsch`` → ``A r s c h`` or ``A.r.s.c.h``."""
    return rng.choice((" ", " ", ".", "-", "_")).join(word)


def masked(word: str, rng: random.Random) -> str:
    """``Arsch`` → ``A***h`` or ``Ar*ch``."""
    if rng.random() < 0.5:
        return word[0] + rng.choice("*#_") * (len(word) - 2) + word[-1]
    middle = rng.randrange(1, len(word) - 1)
    return word[:middle] + "*" + word[middle + 1 :]


def stretched(word: str, rng: random.Random) -> str:
    """``Idiot`` → ``Idiooot``."""
    place = rng.randrange(1, len(word))
    return word[:place] + word[place] * rng.randint(2, 4) + word[place + 1 :]


def swapped(word: str, rng: random.Random) -> str:
    """``Idiot`` → ``Iidot``: a typing error."""
    place = rng.randrange(len(word) - 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


EVASIONS: tuple[Callable[[str, random.Random], str], ...] = (
    leet,
    spaced,
    masked,
    stretched,
    swapped,
)
STYLES: tuple[Callable[[str], str], ...] = (
    str.lower,
    str.upper,
    lambda text: text.translate(_UMLAUTS),
    lambda text: re.sub(r"[.,;:]", "", text),
    lambda text: re.sub(r"[.!?]+\s*$", "", text) + "!!!",
)


def evade(text: str, vulgar: re.Pattern[str], rng: random.Random) -> str:
    """Disguise the vulgar words of a text, or one word at random where there are none."""
    words = list(vulgar.finditer(text)) or list(_WORD.finditer(text))
    words = [word for word in words if len(word.group()) >= 4]
    if not words:
        return text
    word = rng.choice(words)
    disguised = rng.choice(EVASIONS)(word.group(), rng)
    return text[: word.start()] + disguised + text[word.end() :]


def vary(example: Example, vulgar: re.Pattern[str], rng: random.Random) -> Example:
    """One random variant of an example; texts with marked passages stay as they are."""
    if example.spans is not None:
        return example
    text = example.text
    if rng.random() < MENTION_RATE:
        text = _MENTION.sub("", text)
    if rng.random() < HASHTAG_RATE:
        text = _HASHTAG.sub(r"\1", text)
    if rng.random() < EVASION_RATE:
        text = evade(text, vulgar, rng)
    if rng.random() < STYLE_RATE:
        text = rng.choice(STYLES)(text)
    return example.with_text(text.strip() or example.text)


def compose(
    harmless: list[Example], toxic: list[Example], count: int, rng: random.Random
) -> list[Example]:
    """Comments of two to five sentences out of single ones, a third of them with one toxic part.

    Single tweets and sentences are all that the German sets offer, while news comments run over
    several sentences of which one may be the insult.
    """
    composed = []
    for index in range(count):
        parts = rng.sample(harmless, rng.randint(2, 5))
        labels = HARMLESS
        if index % 3 == 0:
            part = rng.choice(toxic)
            parts = parts[: rng.randint(1, 3)]
            parts.insert(rng.randint(0, len(parts)), part)
            labels = part.labels
        texts = [_HASHTAG.sub(r"\1", _MENTION.sub("", part.text)).strip() for part in parts]
        composed.append(Example(" ".join(texts), labels, parts[0].language, "composed"))
    return composed
