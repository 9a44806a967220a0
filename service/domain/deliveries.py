"""What follows from attempts to reach an endpoint: pure decisions on plain data.

Back-off belongs to the endpoint: while it fails, one probe at a time is sent, and any
2xx releases everything that waits. Only a message that failed again after its endpoint
had taken others waits on its own, so that it holds nobody else up.
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
"""Before the next attempt, by the number of failures; the last one repeats."""

JITTER = 0.2
"""The delay grows by up to this share, so that endpoints of one host are not probed at once."""

MAX_DELAY = DELAYS[-1] * (1 + JITTER)

GIVE_UP = timedelta(days=5)
"""An endpoint that has failed for so long is disabled; a message that it refused is given up."""

MAX_PAUSE = timedelta(days=1)
"""The most that a `Retry-After` is honoured for."""

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
"""Events that tell the state of a comment: a later one makes the earlier ones superfluous."""


class Cause(StrEnum):
    """Why no answer came."""

    ADDRESS = "address"
    """The name does not resolve."""
    BLOCKED = "blocked"
    """It resolves to an address that must not be reached."""
    CONNECTION = "connection"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"
    """What came was no HTTP, or ended too early."""
    SECRET = "secret"  # noqa: S105 - the name of a cause
    """The endpoint's secret cannot be decrypted with this installation's key."""


class DisabledReason(StrEnum):
    """Why an endpoint is disabled."""

    MANUAL = "manual"
    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """It failed for five days."""


@dataclass(frozen=True)
class Delivered:
    """The receiver answered 2xx."""

    status: int


@dataclass(frozen=True)
class Refused:
    """The receiver answered something else; redirects are not followed."""

    status: int
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class Gone:
    """The receiver answered 410: it wants nothing any more."""

    status: int = 410


@dataclass(frozen=True)
class Unreached:
    """No answer came."""

    cause: Cause


Outcome = Delivered | Refused | Gone | Unreached


@dataclass(frozen=True)
class Health:
    """How an endpoint fares."""

    failures: int = 0
    """Rounds without any 2xx since the last one."""
    failing_since: datetime | None = None
    next_attempt_at: datetime | None = None
    disabled: DisabledReason | None = None


@dataclass(frozen=True)
class Trial:
    """What a waiting message has been through."""

    attempts: int = 0
    refusals: int = 0
    """Failures while its endpoint took others."""
    first_failed_at: datetime | None = None
    """Of the refusals: what it waited while its endpoint was away does not count."""
    due_at: datetime | None = None
    given_up: bool = False


@dataclass(frozen=True)
class Verdict:
    """What follows from a round of attempts."""

    health: Health
    trials: Mapping[int, Trial]
    """Of the messages that failed, by sequence."""
    releases: bool
    """Whether all that waits is due now."""


def judge_round(
    health: Health,
    trials: Mapping[int, Trial],
    outcomes: Mapping[int, Outcome],
    now: datetime,
    chance: float,
) -> Verdict:
    """Return what follows from the outcomes of one round, both by sequence.

    `chance`: 0..1, for the jitter.
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


def delay(failures: int, chance: float) -> timedelta:
    """Return how long to wait after so many failures (1, 2, …), jitter included."""
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
    """Return the longest pause that the receiver asked for, within bounds."""
    asked = [
        outcome.retry_after
        for outcome in outcomes
        if isinstance(outcome, Refused) and outcome.retry_after is not None
    ]
    return min(max(*asked, DELAYS[0] / 5), MAX_PAUSE) if asked else None


@dataclass(frozen=True)
class Waiting:
    """A message that waits, as far as superseding needs it."""

    sequence: int
    subject: UUID
    tells_state: bool


def superseded(waiting: Sequence[Waiting]) -> dict[int, list[int]]:
    """Return for each message the earlier ones that it makes superfluous, if any.

    Per subject only the newest message that tells a state is worth sending.
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
