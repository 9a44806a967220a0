"""Counts the values of a JSON text without parsing it, since parsing costs by the value."""

SIGNS = (b",", b":", b"[", b"{")
"""Signs that come before values (RFC 8259, section 2), when they are not part of a string."""

BACKSLASH, QUOTE = b"\\", b'"'

NUL = b"\0"
"""Stands in no JSON text in UTF-8, and beside each sign in UTF-16 and UTF-32."""


class ValueCounter:
    """Counts the values of one JSON text, which comes in pieces.

    In UTF-16 and UTF-32 the signs within strings count, too. Of what is no JSON the count means
    nothing, but it takes no longer.
    """

    def __init__(self) -> None:
        """Begin before the first piece."""
        self.values = 0
        """The signs before values so far, which are at least as many as the values."""
        self._begun = b""
        """What the last piece left unfinished: the quote of a string, a backslash, or both."""

    def add(self, piece: bytes) -> None:
        """Count the values of the next piece."""
        if NUL in piece:
            # Bytes do not tell where strings end: U+0122 has the one of a quote.
            self.values += sum(map(piece.count, SIGNS))
            return
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
