"""From scores and a site's policy to Coral's answer; pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.analyses.results import Result
from service.compat.coral.schemas import Flag, PhaseResponse, Status
from service.domain.states import State
from service.policy.facts import Facts
from service.policy.judgement import judge
from service.policy.phases import OVER_THRESHOLD

MIN_TIMEOUT, MAX_TIMEOUT = 100, 10_000
"""Milliseconds that Coral lets an operator set for a phase."""

DEFAULT_TIMEOUT = "2000"

_MARGIN = 0.2
_MIN_MARGIN = 50


def patience(given: str) -> float | None:
    """Return how many seconds there are for judging when Coral waits so many milliseconds.

    The rest is for the way: an answer that comes too late is none to Coral, which then
    goes on without it. None for a timeout that Coral lets nobody set.
    """
    timeout = int(given) if given.isdecimal() and len(given) <= len(str(MAX_TIMEOUT)) else 0
    if not MIN_TIMEOUT <= timeout <= MAX_TIMEOUT:
        return None
    return (timeout - max(_MIN_MARGIN, timeout * _MARGIN)) / 1000


def merged_forms(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Return the text forms of all readings of a comment, under names of their own."""
    return {
        f"{name}-{number}": form
        for number, result in enumerate(results)
        for name, form in result.forms.items()
    }


def answer(document: Mapping[str, Any] | None, facts: Facts) -> PhaseResponse:
    """Return what the site's policy makes of the facts; never an approval.

    The flag says «toxic» and nothing else, so it comes for scores over a threshold only.
    """
    judgement = judge(document, facts)
    if judgement.state is State.APPROVED:
        return PhaseResponse()
    toxic = any(reason.code == OVER_THRESHOLD for reason in judgement.reasons)
    status: Status = "REJECTED" if judgement.state is State.REJECTED else "SYSTEM_WITHHELD"
    return PhaseResponse(status=status, actions=[Flag()] if toxic else None)
