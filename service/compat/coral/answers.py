"""Turn scores and a site's policy into Coral's answer. Pure functions."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.analyses.results import Result
from service.compat.coral.schemas import Flag, PhaseResponse, Status
from service.domain.states import State
from service.policy.facts import Facts, Language
from service.policy.judgement import judge
from service.policy.phases import OVER_THRESHOLD

MIN_TIMEOUT, MAX_TIMEOUT = 100, 10_000
"""The shortest and the longest timeout of a phase that Coral accepts, in milliseconds."""

DEFAULT_TIMEOUT = "2000"

_MARGIN = 0.2
_MIN_MARGIN = 50


def patience(given: str) -> float | None:
    """Return how many seconds a judgement may take when Coral waits `given` milliseconds.

    The rest of the time is for the network: Coral ignores an answer that comes too late.
    Returns None for a timeout that cannot be set in Coral.
    """
    timeout = int(given) if given.isdecimal() and len(given) <= len(str(MAX_TIMEOUT)) else 0
    if not MIN_TIMEOUT <= timeout <= MAX_TIMEOUT:
        return None
    return (timeout - max(_MIN_MARGIN, timeout * _MARGIN)) / 1000


def merged_forms(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Return the text forms of all readings of a comment, each under a name of its own."""
    return {
        f"{name}-{number}": form
        for number, result in enumerate(results)
        for name, form in result.forms.items()
    }


def strangest_language(results: Sequence[Result]) -> Language:
    """Return the language of the readings, one that the model lacks before one that it has."""
    found = [Language.of(result.detection, result.languages) for result in results]
    return max(found, key=lambda language: (not language.supported, language.confidence))


def answer(document: Mapping[str, Any] | None, facts: Facts) -> PhaseResponse:
    """Return the answer that the site's policy gives for these facts. It never approves.

    Coral's flag means «toxic», so the answer has one only where a score passed a threshold.
    """
    judgement = judge(document, facts)
    if judgement.state is State.APPROVED:
        return PhaseResponse()
    toxic = any(reason.code == OVER_THRESHOLD for reason in judgement.reasons)
    status: Status = "REJECTED" if judgement.state is State.REJECTED else "SYSTEM_WITHHELD"
    return PhaseResponse(status=status, actions=[Flag()] if toxic else None)
