"""What a text costs, known before a network reads it: work grows with tokens, not characters.

`service.domain.costs` has the estimate that needs no tokenizer.
"""

MAX_TOKENS = 6_000
"""Of one text that is scored. Windows overlap, so that a network reads up to twice as many.

On a slow core, with the largest model and its slowest engine (310 tokens per core-second),
that is 39 s at most and 26 s as a rule, within the 60 s after which a batch counts as a hang.
10,000 characters of German are about 2,400 tokens of the bundled model's tokenizer, and below
4,000 of one that was made for English.
"""

TOO_COSTLY = "too_costly"
"""The cause for which such a text is not scored."""
