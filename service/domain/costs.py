"""What a text costs to score, estimated without a tokenizer: work grows with tokens.

The API loads no tokenizer (invariant 9), and it must know the cost before it accepts a text.
So it counts bytes of UTF-8. One character can become many: U+FDFA is 18 after normalisation,
so that 10,000 of them are 150,000 tokens of the bundled model's tokenizer.
"""

import math
import unicodedata

SHARE = 1_000
"""Bytes of text that count as one comment: more than nearly every comment has.

1,000 bytes of German are about 235 tokens of the bundled model's tokenizer: 4.3 bytes each as a
rule, 3.7 to 5.1 in 98 of 100 texts (measured on the 100 of `workers/models/evaluation/data`,
which have 336 bytes at most). They are 1,000 tokens at most.
"""


def most_tokens(text: str) -> int:
    """Return a bound on the tokens of the text: the bytes of its UTF-8, or more after NFKC.

    It needs no tokenizer. Each token of a text stands for a byte of it at least. Tokenizers of
    the XLM-R family normalise to NFKC first; those of RoBERTa's read the bytes as they came;
    those of BERT's read characters without their accents, which are fewer.
    """
    forms = text, unicodedata.normalize("NFKC", text)
    return max(len(form.encode("utf-8", "surrogatepass")) for form in forms)


def count_shares(text: str) -> int:
    """Return as how many comments the text counts: one for each SHARE begun, 1 at least."""
    return max(1, math.ceil(most_tokens(text) / SHARE))


def is_long(text: str) -> bool:
    """Tell whether the text counts as more than one comment, and so waits in a queue of its own."""
    return count_shares(text) > 1
