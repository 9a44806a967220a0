"""Ways to write a text so that readers see it, and a network does not."""

from collections.abc import Callable


def _between(separator: str) -> Callable[[str], str]:
    return separator.join


DISGUISES: dict[str, Callable[[str], str]] = {
    "soft hyphens": _between("\u00ad"),
    "combining grapheme joiners": _between("\u034f"),
    "Mongolian vowel separators": _between("\u180e"),
    "zero-width spaces": _between("\u200b"),
    "zero-width joiners": _between("\u200d"),
    "ends of embedding": _between("\u202c"),
    "word joiners": _between("\u2060"),
    "ends of isolate": _between("\u2069"),
    "inhibited swapping": _between("\u206a"),
    "Hangul fillers": _between("\u3164"),
    "half-width Hangul fillers": _between("\uffa0"),
    "byte order marks": _between("\ufeff"),
    "variation selectors": _between("\ufe0f"),
    "tag characters": _between("\U000e0061"),
    "further variation selectors": _between("\U000e0100"),
    "low lines": _between("\u0332"),
    "dots below": _between("\u0323"),
    "strokes": _between("\u0336"),
    "dots below and soft hyphens": _between("\u00ad\u0323"),
    "underscores": _between("_"),
    "text that runs from right to left": lambda text: f"\u202e{text[::-1]}",
    "an override that ends": lambda text: f"Na, \u202e{text[::-1]}\u202c ja.",
    "an override in an isolate": lambda text: f"\u2067\u202e{text[::-1]}\u202c\u2069",
    "two overrides": lambda text: f"\u202e{text[8:][::-1]}\u202d{text[:8]}\u202c",
}
"""By name: from a text to the same text in disguise."""
