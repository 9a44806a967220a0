"""Read and replace the part of a model card that `netiquette eval` writes."""

from pathlib import Path

BEGIN, END = "<!-- begin: netiquette eval -->", "<!-- end: netiquette eval -->"


class NoPlace(Exception):
    """The model card lacks the two marks between which figures are written."""


def around(card: Path) -> tuple[str, str]:
    """Return the card's text before and after the figures; raises NoPlace and OSError."""
    before, begin, rest = card.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoPlace(f"{card} needs a line {BEGIN!r} and after it a line {END!r}")
    return before, after


def put(card: Path, figures: str) -> None:
    """Replace the text between the two marks by `figures`; raises NoPlace and OSError."""
    before, after = around(card)
    card.write_text(f"{before}{BEGIN}\n{figures.strip()}\n{END}{after}", "utf-8")
