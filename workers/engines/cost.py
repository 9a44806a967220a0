"""What a text costs, known before a network reads it: work grows with tokens, not characters.

One character can become many: U+FDFA is 18 after normalisation, so that 10,000 of them are
150,000 tokens of the bundled model's tokenizer.
"""

import unicodedata

MAX_TOKENS = 6_000
"""Of one text that is scored. Windows overlap, so that a network reads up to twice as many.

On a slow core, with the largest model and its slowest engine (310 tokens per core-second),
that is 39 s at most and 26 s as a rule, within the 60 s after which a batch counts as a hang.
10,000 characters of German are about 2,400 tokens of the bundled model's tokenizer, and below
4,000 of one that was made for English.
"""

TOO_COSTLY = "too_costly"
"""The cause for which such a text is not scored."""


def most_tokens(text: str) -> int:
    """Return a bound on the tokens of the text: the bytes of its UTF-8, or more after NFKC.

    It needs no tokenizer. Each token of a text stands for a byte of it at least. Tokenizers of
    the XLM-R family normalise to NFKC first; those of RoBERTa's read the bytes as they came;
    those of BERT's read characters without their accents, which are fewer.
    """
    forms = text, unicodedata.normalize("NFKC", text)
    return max(len(form.encode("utf-8", "surrogatepass")) for form in forms)
