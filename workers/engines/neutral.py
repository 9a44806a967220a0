"""Remove control tokens and markup from a text, since they would steer the network.

Forty `</s>` after an insult halved its score. Removed parts become spaces, so that positions
in the text stay the same.
"""

import re

from tokenizers import Tokenizer

# Only names of elements: `<idiot>` is no markup, and must be scored.
_ELEMENTS = (
    "a|b|big|blockquote|body|br|center|code|del|div|em|font|h[1-6]|head|hr|html|i|img|ins|li|mark|"
    "ol|p|pre|q|quote|s|small|span|strike|strong|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul|url"
)
_MARKUP = re.compile(rf"</?(?:{_ELEMENTS})\s*/?>|\[/?(?:{_ELEMENTS})\]", re.IGNORECASE)
_ROUNDS = 4


class Neutraliser:
    """Removes control tokens of one tokenizer, and markup, from texts."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """Read the control tokens of `tokenizer`, which must not truncate."""
        self._tokenizer = tokenizer
        special = {
            index: token.content
            for index, token in tokenizer.get_added_tokens_decoder().items()
            if token.special
        }
        self._literal = re.compile("|".join(map(re.escape, special.values())) or r"(?!)")
        # The unknown token stays: it stands for all characters that the vocabulary lacks.
        unknown = getattr(tokenizer.model, "unk_token", None) or "<unk>"
        self._controls = {index for index, content in special.items() if content != unknown}

    def __call__(self, text: str) -> str:
        """Return the text with control tokens and bare markup as spaces, in the same length."""
        text = self._literal.sub(_blank, _MARKUP.sub(_blank, text))
        # The tokenizer's normalisation can turn other characters, such as wide brackets, into a
        # control token.
        for _ in range(_ROUNDS):
            encoding = self._tokenizer.encode(text, add_special_tokens=False)
            found = [
                offsets
                for index, offsets in zip(encoding.ids, encoding.offsets, strict=True)
                if index in self._controls
            ]
            if not found:
                break
            for start, end in found:
                text = text[:start] + " " * (end - start) + text[end:]
        return text


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])
