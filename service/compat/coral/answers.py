"""From scores and a site's policy to Coral's answer; pure."""

from collections.abc import Mapping
from typing import Any

from service.analyses.results import Result
from service.compat.coral.schemas import WITHHELD, Flag, PhaseResponse
from service.domain.states import State
from service.policy.facts import Facts
from service.policy.judgement import judge

MIN_TIMEOUT, MAX_TIMEOUT = 100, 10_000
"""Milliseconds that Coral lets an operator set for a phase."""

DEFAULT_TIMEOUT = 2_000

_MARGIN = 0.2
_MIN_MARGIN = 50


def patience(timeout: int) -> float:
    """Return how many seconds there are for scoring when Coral waits `timeout` milliseconds.

    The rest is for the way: an answer that comes too late is none to Coral, which then
    goes on without it.
    """
    return (timeout - max(_MIN_MARGIN, timeout * _MARGIN)) / 1000


def answer(document: Mapping[str, Any] | None, result: Result) -> PhaseResponse:
    """Return what the site's policy makes of the scores; never an approval."""
    state = judge(document, Facts(forms=result.forms)).state
    if state is State.APPROVED:
        return PhaseResponse()
    if state is State.REJECTED:
        return PhaseResponse(status="REJECTED", actions=[Flag()])
    return PhaseResponse(status=WITHHELD.status, actions=[Flag()])
