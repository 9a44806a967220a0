"""Check and clean texts: Unicode plain text in NFC, cleaned the same way everywhere."""

import re
import unicodedata

MAX_BODY = 10_000
"""Longest body of a comment, in code points after cleaning."""

MAX_LINE = 500
"""Longest title, in code points after cleaning; names and ids have lower limits of their own."""

MAX_MARKS = 30
"""Most combining marks in a row (UAX #15, «Stream-Safe Text Format»).

Putting marks in order takes time by the square of their number.
"""

ALLOWED_CONTROLS = frozenset("\t\n")

_SURROGATE = re.compile("[\ud800-\udfff]")

_SLACK = 4
"""A text may be so many times longer before it is cleaned: NFC and trimming make it shorter."""

MAX_ANALYSED = 20_480
"""Longest text of an analysis, in bytes of UTF-8: Perspective's limit."""

# Unicode's categories of characters that show nothing: «Other» and «Separator».
_INVISIBLE = ("C", "Z")
# Characters that show as blank, although Unicode classes them as letters or symbols.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def clean_body(text: str) -> str:
    """Return the body as it is stored: line ends as LF, NFC, trimmed.

    Raises ValueError for control characters other than tab and line breaks, lone
    surrogates, more than MAX_MARKS combining marks in a row, nothing visible, or more than
    MAX_BODY code points. The work grows with the length, which is looked at first.
    """
    _refuse_length(text, MAX_BODY * _SLACK)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _refuse_controls(text, ALLOWED_CONTROLS)
    text = _compose(text).strip()
    if is_blank(text):
        raise ValueError("the text is blank")
    _refuse_length(text, MAX_BODY)
    return text


def clean_line(text: str) -> str:
    """Return a name or title as it is stored: NFC, trimmed.

    Raises ValueError for control characters, lone surrogates, more than MAX_MARKS combining
    marks in a row, or a length that no field allows.
    """
    _refuse_length(text, MAX_LINE * _SLACK)
    _refuse_controls(text, frozenset())
    return _compose(text).strip()


def is_blank(text: str) -> bool:
    """Tell whether the text holds only invisible characters, such as spaces and controls."""
    return not any(_is_visible(character) for character in text)


def visible_part(text: str) -> str:
    """Return the visible characters of the text, in NFC, without spaces and line breaks."""
    # NFC comes last, since an invisible character may have parted a letter and its accent.
    return unicodedata.normalize("NFC", "".join(filter(_is_visible, text)))


def has_surrogate(text: str) -> bool:
    """Tell whether the text holds half of a surrogate pair, which UTF-8 cannot write."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def without_surrogates(text: str) -> str:
    """Return the text with U+FFFD for each half of a surrogate pair, which moves no offset.

    Unicode's standard, section 3.9 («U+FFFD Substitution of Maximal Subparts»).
    """
    return _SURROGATE.sub("\ufffd", text)


def _refuse_length(text: str, limit: int) -> None:
    if len(text) > limit:
        raise ValueError(f"the text has {len(text)} characters; {limit} are allowed")


def _compose(text: str) -> str:
    """Return the text in NFC; raises ValueError for too many combining marks in a row."""
    if not text.isascii():
        marks = 0
        for character in text:
            marks = marks + 1 if unicodedata.combining(character) else 0
            if marks > MAX_MARKS:
                raise ValueError(f"more than {MAX_MARKS} accents stand on one letter")
    return unicodedata.normalize("NFC", text)


def _refuse_controls(text: str, allowed: frozenset[str]) -> None:
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            raise ValueError("the text contains a lone surrogate")
        if category == "Cc" and character not in allowed:
            raise ValueError(f"the control character U+{ord(character):04X} is not allowed")


def _is_visible(character: str) -> bool:
    return character not in _BLANKS and unicodedata.category(character)[0] not in _INVISIBLE
