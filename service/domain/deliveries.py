"""Decide what follows from attempts to deliver to an endpoint: pure functions on plain data.

Back-off belongs to the endpoint: while it fails, one probe at a time is sent, and any
2xx makes all its waiting messages due. A message gets a delay of its own only when it fails
although its endpoint takes others, so that it does not hold these up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from service.domain.events import EventType

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=1),
)
"""Delays before the next attempt, by the number of failures; the last one repeats."""

JITTER = 0.2
"""A delay grows by up to this share, so that endpoints of one host are not probed together."""

MAX_DELAY = DELAYS[-1] * (1 + JITTER)

GIVE_UP = timedelta(days=5)
"""An endpoint that fails for so long is disabled. A message refused for so long is given up."""

MAX_PAUSE = timedelta(days=1)
"""Longest pause that a `Retry-After` can ask for; a longer one is cut to this."""

STATE_EVENTS = frozenset(
    {
        EventType.COMMENT_APPROVED,
        EventType.COMMENT_FLAGGED,
        EventType.COMMENT_REJECTED,
        EventType.COMMENT_WITHDRAWN,
        EventType.COMMENT_EDITED,
        EventType.DECISION_REVERTED,
    }
)
"""Events that tell the state of a comment. A later one makes earlier ones superfluous."""


class Cause(StrEnum):
    """Why no answer came."""

    ADDRESS = "address"
    """The name does not resolve."""
    BLOCKED = "blocked"
    """The name resolves only to addresses that must not be reached, or the port is forbidden."""
    CONNECTION = "connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    """The answer was no HTTP, or ended too early."""
    SECRET = "secret"  # noqa: S105 - the name of a cause
    """The endpoint's secret cannot be decrypted with this installation's key."""


class DisabledReason(StrEnum):
    """Why an endpoint is disabled."""

    MANUAL = "manual"
    GONE = "gone"
    """The receiver answered 410."""
    FAILING = "failing"
    """The receiver failed for five days."""


@dataclass(frozen=True)
class Delivered:
    """The receiver answered 2xx."""

    status: int


@dataclass(frozen=True)
class Refused:
    """The receiver answered neither 2xx nor 410. Redirects are not followed, and count here."""

    status: int
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class Gone:
    """The receiver answered 410: it wants no more events."""

    status: int = 410


@dataclass(frozen=True)
class Unreached:
    """No answer came."""

    cause: Cause


Outcome = Delivered | Refused | Gone | Unreached


@dataclass(frozen=True)
class Health:
    """The failures of an endpoint, and what follows from them."""

    failures: int = 0
    """Rounds without any 2xx since the last 2xx."""
    failing_since: datetime | None = None
    next_attempt_at: datetime | None = None
    disabled: DisabledReason | None = None


@dataclass(frozen=True)
class Trial:
    """The past attempts of a waiting message."""

    attempts: int = 0
    refusals: int = 0
    """Failures of the message while its endpoint took others."""
    first_failed_at: datetime | None = None
    """Time of the first refusal. Time in which the endpoint was away does not count."""
    due_at: datetime | None = None
    given_up: bool = False


@dataclass(frozen=True)
class Verdict:
    """The consequences of a round of attempts."""

    health: Health
    trials: Mapping[int, Trial]
    """The new trials of the messages that failed, by the events' numbers."""
    releases: bool
    """Whether all waiting messages are due now."""


def judge_round(
    health: Health,
    trials: Mapping[int, Trial],
    outcomes: Mapping[int, Outcome],
    now: datetime,
    chance: float,
) -> Verdict:
    """Return the consequences of one round of attempts.

    `trials` and `outcomes` are by the events' numbers. `chance` is 0..1, for the jitter.
    """
    delivered = any(isinstance(outcome, Delivered) for outcome in outcomes.values())
    failed = {
        sequence: trials[sequence]
        for sequence, outcome in outcomes.items()
        if not isinstance(outcome, Delivered)
    }
    after = {
        sequence: _after_failure(
            trial, delivered or (health.failures == 0 and trial.attempts > 0), now, chance
        )
        for sequence, trial in failed.items()
    }
    if any(isinstance(outcome, Gone) for outcome in outcomes.values()):
        return Verdict(Health(disabled=DisabledReason.GONE), after, releases=False)
    pause = _pause(outcomes.values())
    if delivered:
        until = now + pause if pause else None
        return Verdict(Health(next_attempt_at=until), after, releases=health.failures > 0)
    if health.failing_since and now - health.failing_since >= GIVE_UP:
        return Verdict(Health(disabled=DisabledReason.FAILING), after, releases=False)
    if all(trial.refusals for trial in failed.values()):
        paused = replace(health, next_attempt_at=now + pause) if pause else health
        return Verdict(paused, after, releases=False)
    return Verdict(_after_failures(health, pause, now, chance), after, releases=False)


def tells_enough(outcome: Outcome) -> bool:
    """Tell whether the outcome of a probe is the receiver's, and not perhaps the message's.

    It is if the receiver took the message, wants no more, or asked for a pause.
    """
    if isinstance(outcome, Refused):
        return outcome.retry_after is not None
    return isinstance(outcome, Delivered | Gone)


def delay(failures: int, chance: float) -> timedelta:
    """Return how long to wait after the given number of failures (1, 2, …), with jitter."""
    return DELAYS[min(failures, len(DELAYS)) - 1] * (1 + JITTER * chance)


def _after_failure(trial: Trial, alive: bool, now: datetime, chance: float) -> Trial:
    refusals = trial.refusals + alive
    first = (trial.first_failed_at or now) if refusals else None
    return replace(
        trial,
        attempts=trial.attempts + 1,
        refusals=refusals,
        first_failed_at=first,
        due_at=now + delay(refusals, chance) if refusals else now,
        given_up=first is not None and now - first >= GIVE_UP,
    )


def _after_failures(
    health: Health, pause: timedelta | None, now: datetime, chance: float
) -> Health:
    since = min(health.failing_since or now, now)
    failures = health.failures + 1
    wait = delay(failures, chance) if pause is None else pause
    return Health(failures, since, now + wait)


def _pause(outcomes: Iterable[Outcome]) -> timedelta | None:
    """Return the longest pause that the receiver asked for, from 1 second to MAX_PAUSE."""
    asked = [
        outcome.retry_after
        for outcome in outcomes
        if isinstance(outcome, Refused) and outcome.retry_after is not None
    ]
    return min(max(*asked, DELAYS[0] / 5), MAX_PAUSE) if asked else None


@dataclass(frozen=True)
class Waiting:
    """A waiting message, with what `superseded` needs to know of it."""

    sequence: int
    subject: UUID
    tells_state: bool


def superseded(waiting: Sequence[Waiting]) -> dict[int, list[int]]:
    """Return the numbers of superfluous messages, by the number of the one that replaces them.

    Of the messages that tell a state, only the newest of each subject needs to be sent.
    """
    newest: dict[UUID, int] = {}
    for message in waiting:
        if message.tells_state:
            newest[message.subject] = max(message.sequence, newest.get(message.subject, 0))
    result: dict[int, list[int]] = {}
    for message in sorted(waiting, key=lambda message: message.sequence):
        if message.tells_state and message.sequence != newest[message.subject]:
            result.setdefault(newest[message.subject], []).append(message.sequence)
    return result
