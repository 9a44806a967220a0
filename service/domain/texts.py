"""Check and clean texts: Unicode plain text in NFC, cleaned the same way everywhere."""

import unicodedata

MAX_BODY = 10_000
"""Longest body of a comment, in code points after cleaning."""

ALLOWED_CONTROLS = frozenset("\t\n")

MAX_ANALYSED = 20_480
"""Longest text of an analysis, in bytes of UTF-8: Perspective's limit."""

# Unicode's categories of characters that show nothing: «Other» and «Separator».
_INVISIBLE = ("C", "Z")
# Characters that show as blank, although Unicode classes them as letters or symbols.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def clean_body(text: str) -> str:
    """Return the body as it is stored: line ends as LF, NFC, trimmed.

    Raises ValueError for control characters other than tab and line breaks, lone
    surrogates, nothing visible, or more than MAX_BODY code points.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    _refuse_controls(text, ALLOWED_CONTROLS)
    text = unicodedata.normalize("NFC", text).strip()
    if is_blank(text):
        raise ValueError("the text is blank")
    if len(text) > MAX_BODY:
        raise ValueError(f"the text has {len(text)} characters; {MAX_BODY} are allowed")
    return text


def clean_line(text: str) -> str:
    """Return a name or title as it is stored: NFC, trimmed; raises ValueError for controls."""
    _refuse_controls(text, frozenset())
    return unicodedata.normalize("NFC", text).strip()


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


def _refuse_controls(text: str, allowed: frozenset[str]) -> None:
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs":
            raise ValueError("the text contains a lone surrogate")
        if category == "Cc" and character not in allowed:
            raise ValueError(f"the control character U+{ord(character):04X} is not allowed")


def _is_visible(character: str) -> bool:
    return character not in _BLANKS and unicodedata.category(character)[0] not in _INVISIBLE
