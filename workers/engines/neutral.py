"""Take from a text what would steer the network instead of being read by it.

Forty `</s>` behind an insult halved its score. Everything taken out becomes
spaces, so that positions in the text stay.
"""

import re

from tokenizers import Tokenizer

# Names of elements only: `<idiot>` is not markup, and is read.
_ELEMENTS = (
    "a|b|big|blockquote|body|br|center|code|del|div|em|font|h[1-6]|head|hr|html|i|img|ins|li|mark|"
    "ol|p|pre|q|quote|s|small|span|strike|strong|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul|url"
)
_MARKUP = re.compile(rf"</?(?:{_ELEMENTS})\s*/?>|\[/?(?:{_ELEMENTS})\]", re.IGNORECASE)
_ROUNDS = 4


class Neutraliser:
    """Knows the control tokens of one tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        """`tokenizer`: without truncation."""
        self._tokenizer = tokenizer
        special = {
            index: token.content
            for index, token in tokenizer.get_added_tokens_decoder().items()
            if token.special
        }
        self._literal = re.compile("|".join(map(re.escape, special.values())) or r"(?!)")
        # Characters that the vocabulary lacks come out as this one, without any trick.
        unknown = getattr(tokenizer.model, "unk_token", None) or "<unk>"
        self._controls = {index for index, content in special.items() if content != unknown}

    def __call__(self, text: str) -> str:
        """Return `text` of the same length, without control tokens and bare markup."""
        text = self._literal.sub(_blank, _MARKUP.sub(_blank, text))
        # Normalisation can make a control token of other characters, such as wide brackets.
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
