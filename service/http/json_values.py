"""Counts the values of a JSON text without parsing it, since parsing costs by the value."""

import re

SIGNS = (b",", b":", b"[", b"{")
"""Signs that come before values (RFC 8259, section 2), when they are not part of a string."""

# A string, closed or cut off. Whatever the text, it is read once: the possessive quantifiers
# give nothing back.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+("|\\?\Z)', re.DOTALL)


class ValueCounter:
    """Counts the values of one JSON text in UTF-8, which comes in pieces.

    Of what is no JSON the count means nothing, but it takes no longer.
    """

    def __init__(self) -> None:
        """Begin before the first piece."""
        self.values = 0
        """The signs before values so far, which are at least as many as the values."""
        self._open = b""
        """The beginning of a string that goes on in the next piece."""

    def add(self, piece: bytes) -> None:
        """Count the values of the next piece."""
        # A closed string leaves a quote behind; one that is cut off leaves none.
        outside, strings = _STRING.subn(rb"\1", self._open + piece)
        self.values += sum(map(outside.count, SIGNS))
        self._open = b""
        if strings > outside.count(b'"'):
            self._open = b'"\\' if outside.endswith(b"\\") else b'"'
