"""Counts what a caller sends against the rate of its key: requests, and the length of texts.

A long text takes the time of many short ones to score, so it counts as many. Each request
counts as one before its body is read; what its texts count beyond that follows here.
"""

from service.domain.costs import count_shares
from service.http.callers import Caller
from service.http.context import Context

ANALYZE = "analyze"
KEY = "key"
"""Kinds of requests; each is counted separately, against the whole rate of the key."""


def count_request(context: Context, caller: Caller, kind: str) -> None:
    """Count one request; raises TooManyRequests over the limit."""
    context.limiter.hit(_rate(context, caller), kind, caller.counted_as)


def count_length(context: Context, caller: Caller, kind: str, text: str) -> None:
    """Count what a text of a request costs beyond the one; raises TooManyRequests over the limit.

    No text costs more than the whole rate, or it could never be sent.
    """
    more = count_shares(text) - 1
    if more:
        rate = _rate(context, caller)
        context.limiter.hit(rate, kind, caller.counted_as, cost=more, spent=1)


def _rate(context: Context, caller: Caller) -> str:
    return caller.rate or context.settings.key_rate
