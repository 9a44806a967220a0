"""Counts the values of a JSON text without parsing it, since parsing costs by the value."""

SIGNS = (b",", b":", b"[", b"{")
"""Signs that come before values (RFC 8259, section 2), when they are not part of a string."""

BACKSLASH, QUOTE = b"\\", b'"'


class ValueCounter:
    """Counts the values of one JSON text in UTF-8, which comes in pieces.

    Of what is no JSON the count means nothing, but it takes no longer.
    """

    def __init__(self) -> None:
        """Begin before the first piece."""
        self.values = 0
        """The signs before values so far, which are at least as many as the values."""
        self._begun = b""
        """What the last piece left unfinished: the quote of a string, a backslash, or both."""

    def add(self, piece: bytes) -> None:
        """Count the values of the next piece."""
        text = self._begun + piece
        # Of backslashes in a row, the first escapes the second, and so on.
        text = text.replace(BACKSLASH * 2, b"")
        escaping = BACKSLASH if text.endswith(BACKSLASH) else b""
        parts = text.replace(BACKSLASH + QUOTE, b"").split(QUOTE)
        # Outside and inside of strings take turns.
        outside = b"".join(parts[::2])
        self.values += sum(map(outside.count, SIGNS))
        is_open = len(parts) % 2 == 0
        self._begun = (QUOTE if is_open else b"") + escaping
