"""Take out of a text what readers do not see, so that it is scored as they read it.

«Idiot» with soft hyphens between its letters shows as «Idiot», but is no word that a network
knows. Undone are invisible characters, accents that German does not use, underscores between
letters, and text that is written backwards under an override of its direction. Pure functions.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex

_INVISIBLE = regex.compile(
    r"[\p{Default_Ignorable_Code_Point}[\p{Cc}--[\t\n\r]]\uFFF9-\uFFFB\u2800]", regex.V1
)
"""Unicode's property of that name, controls, marks of annotations, and Braille's blank.

https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
"""

_ACCENT = regex.compile(
    r"[\u0300-\u036F\u0483-\u0489\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF\u2DE0-\u2DFF\uFE20-\uFE2F]"
)
"""Unicode's blocks of combining marks for any letter, and Cyrillic's."""

_UMLAUTS = frozenset("äöüÄÖÜ")

_SUSPECT = regex.compile(
    rf"[_{_INVISIBLE.pattern}{_ACCENT.pattern}[\p{{Latin}}--[\p{{ASCII}}äöüÄÖÜß]]]", regex.V1
)
"""What nothing is undone without. Few texts have any of it, so that most take no time."""

_SPELLED = regex.compile(r"(?<![^\W_])[^\W_](?:_[^\W_])+(?![^\W_])")
"""A word whose letters are parted by one underscore each."""

_BESIDE_LETTER = regex.compile(r"(?<=[^\W_])_+|_+(?=[^\W_])")

_OVERRIDE = "\u202e"
_EMBEDDINGS = frozenset("\u202a\u202b\u202d\u202e")
_ISOLATES = frozenset("\u2066\u2067\u2068")
_END_OF_EMBEDDING, _END_OF_ISOLATE = "\u202c", "\u2069"
_MAX_DEPTH = 125
"""Most embeddings in each other (UAX #9, BD2); more are ignored."""

_Placed = tuple[int, str]
"""A character, and its index in the original text."""


@dataclass(frozen=True)
class Undisguised:
    """A text as readers see it, and where its characters come from."""

    text: str
    places: tuple[int, ...]
    """For each code point of `text` its index in the original."""

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the passage of the original that a passage of the text shows, end exclusive."""
        places = self.places[start:end]
        return min(places), max(places) + 1


def undisguise(text: str) -> Undisguised | None:
    """Return the text as readers see it, or None if that is the text itself."""
    if not _SUSPECT.search(text):
        return None
    placed = _joined([*_unaccented(_visible(_in_order_shown(enumerate(text))))])
    found = Undisguised(
        "".join(character for _, character in placed), tuple(place for place, _ in placed)
    )
    return None if found.text == text else found


class _Embedding:
    """A part of a text that has a direction of its own."""

    def __init__(self, opener: str) -> None:
        self.opener = opener
        self.parts: list[list[_Placed]] = []

    def shown(self) -> list[_Placed]:
        """Return the characters from left to right, where an override turns them around."""
        parts = reversed(self.parts) if self.opener == _OVERRIDE else self.parts
        return [placed for part in parts for placed in part]


def _in_order_shown(text: Iterable[_Placed]) -> list[_Placed]:
    """Return the characters from left to right, without what sets their direction.

    Under an override each character, and each embedding as a whole, stands left of the one
    before (UAX #9, rules X1 to X8 and L2). All embeddings end with their paragraph.
    """
    stack = [_Embedding("")]

    def close(depth: int) -> None:
        while len(stack) > depth:
            shown = stack.pop().shown()
            stack[-1].parts.append(shown)

    for place, character in text:
        if character in _EMBEDDINGS or character in _ISOLATES:
            if len(stack) <= _MAX_DEPTH:
                stack.append(_Embedding(character))
        elif character == _END_OF_EMBEDDING:
            if stack[-1].opener in _EMBEDDINGS:
                close(len(stack) - 1)
        elif character == _END_OF_ISOLATE:
            isolates = [i for i, part in enumerate(stack) if part.opener in _ISOLATES]
            close(isolates[-1] if isolates else len(stack))
        else:
            if character == "\n":
                close(1)
            stack[-1].parts.append([(place, character)])
    close(1)
    return stack[0].shown()


def _visible(placed: Iterable[_Placed]) -> Iterator[_Placed]:
    """Leave out invisible characters but those of emoji, which follow a symbol."""
    in_emoji = False
    for place, character in placed:
        if not _INVISIBLE.match(character):
            in_emoji = unicodedata.category(character)[0] == "S"
            yield place, character
        elif in_emoji:
            yield place, character


def _unaccented(placed: Iterable[_Placed]) -> Iterator[_Placed]:
    """Take all accents from Latin letters but the dots of umlauts, and loose ones from any."""
    held: _Placed | None = None
    for place, character in placed:
        if not _ACCENT.match(character):
            if held:
                yield held
            held = place, _plain(character)
        elif held and (umlaut := unicodedata.normalize("NFC", held[1] + character)) in _UMLAUTS:
            held = held[0], umlaut
    if held:
        yield held


def _plain(character: str) -> str:
    """Return a Latin letter without its accents, an umlaut only without further ones."""
    parts = unicodedata.normalize("NFD", character)
    letter = parts[0]
    if not letter.isascii():
        return character
    umlaut = unicodedata.normalize("NFC", letter + "\u0308")
    return umlaut if "\u0308" in parts and umlaut in _UMLAUTS else letter


def _joined(placed: Sequence[_Placed]) -> list[_Placed]:
    """Join words that are spelled with underscores; other underscores beside letters are spaces."""
    text = "".join(character for _, character in placed)
    left_out = {
        index
        for word in _SPELLED.finditer(text)
        for index in range(word.start(), word.end())
        if text[index] == "_"
    }
    text = _BESIDE_LETTER.sub(lambda match: " " * len(match[0]), text)
    return [
        (place, text[index]) for index, (place, _) in enumerate(placed) if index not in left_out
    ]
