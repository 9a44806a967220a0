"""The metrics, and the functions that count them. No label names a site, a key or a text.

Counting never raises and makes no query, so that it costs a request nothing. Times are in
seconds. docs/telemetry.md lists all metrics.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from service.domain.states import DECIDED, Actor, State
from service.domain.vocabulary import Lane
from service.tables import Comment, Decision

Parameters = ParamSpec("Parameters")

NONE = "none"
SCORED = "scored"

# They would be a second sample of each counter. Nobody uses them, and shared metrics lack them.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here

REGISTRY = CollectorRegistry()

REQUESTS = Counter(
    "netiquette_requests_total",
    "HTTP requests answered",
    ["method", "route", "status"],
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "netiquette_request_seconds",
    "Seconds until a request was answered, including the waiting that callers ask for"
    " (Prefer: wait)",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
CONFLICTS = Counter(
    "netiquette_conflicts_total", "Requests answered with 409", ["problem"], registry=REGISTRY
)
ACCEPTED = Counter("netiquette_accepted_total", "Comments accepted", ["lane"], registry=REGISTRY)
DECISIONS = Counter(
    "netiquette_decisions_total",
    "Changes of state, by the new state, the actor, and the first reason",
    ["state", "actor", "reason"],
    registry=REGISTRY,
)
DECIDED_SECONDS = Histogram(
    "netiquette_accepted_to_decided_seconds",
    "Seconds from accepting a revision to the automatic decision on it",
    ["lane"],
    buckets=(0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200),
    registry=REGISTRY,
)
ENGINE_SECONDS = Histogram(
    "netiquette_engine_seconds",
    "Seconds the engine took for one comment, or one analysis",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
ANALYSES = Counter(
    "netiquette_analyses_total",
    "Analyses for Perspective's and Coral's doors: `scored`, or the problem that prevented it",
    ["outcome"],
    registry=REGISTRY,
)
ANALYSIS_SECONDS = Histogram(
    "netiquette_analysis_seconds",
    "Seconds until an analysis was scored, including the waiting for a worker",
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
WITHHELD = Counter(
    "netiquette_coral_withheld_total",
    "Comments withheld from Coral without a judgement, by the problem that prevented one",
    ["cause"],
    registry=REGISTRY,
)
LEASE_LOSSES = Counter(
    "netiquette_lease_losses_total",
    "Revisions whose lease was lost: `outdated` by a change while scored, or `expired`",
    ["cause"],
    registry=REGISTRY,
)
DELIVERIES = Counter(
    "netiquette_deliveries_total",
    "Attempts to reach a webhook receiver: `delivered`, `refused`, or why no answer came",
    ["outcome"],
    registry=REGISTRY,
)
DELIVERY_SECONDS = Histogram(
    "netiquette_delivery_seconds",
    "Seconds that an attempt to reach a webhook receiver took",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
    registry=REGISTRY,
)

log = structlog.get_logger(__name__)


def _harmless(count: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Return `count` as a function that logs its errors, such as a full disk, and never raises."""

    @wraps(count)
    def counting(*args: Parameters.args, **more: Parameters.kwargs) -> None:
        try:
            count(*args, **more)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is only a number
            log.warning("not_counted", what=count.__name__, error=type(error).__name__)

    return counting


@_harmless
def count_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """Count an answered request; `route` is its route's template, None where no route matched."""
    REQUESTS.labels(method, route or NONE, status).inc()
    REQUEST_SECONDS.labels(method, route or NONE).observe(seconds)


@_harmless
def count_conflict(problem: str) -> None:
    """Count a 409 by the slug of its problem. With `claimed` or `outdated` a claim was lost."""
    CONFLICTS.labels(problem).inc()


@_harmless
def count_accepted(lane: Lane) -> None:
    """Count an accepted comment, after the commit."""
    ACCEPTED.labels(lane.name.lower()).inc()


@_harmless
def count_decision(decision: Decision, comment: Comment) -> None:
    """Count a change of state, after the commit; `comment` is as the change left it."""
    reason = decision.reasons[0]["code"] if decision.reasons else NONE
    DECISIONS.labels(decision.to_state.value, decision.actor.value, reason).inc()
    automatic = decision.actor in (Actor.POLICY, Actor.SYSTEM)
    if automatic and decision.from_state is State.PENDING and decision.to_state in DECIDED:
        waited = (decision.created_at - comment.pending_since).total_seconds()
        DECIDED_SECONDS.labels(Lane(comment.lane).name.lower()).observe(max(0.0, waited))


@_harmless
def count_engine(seconds: Iterable[float]) -> None:
    """Count the seconds that the engine took for each comment of a batch, or for an analysis."""
    for one in seconds:
        ENGINE_SECONDS.observe(one)


@_harmless
def count_analysis(outcome: str, seconds: float) -> None:
    """Count an analysis: `scored` after `seconds`, or the slug of the problem that prevented it."""
    ANALYSES.labels(outcome).inc()
    if outcome == SCORED:
        ANALYSIS_SECONDS.observe(seconds)


@_harmless
def count_withheld(cause: str) -> None:
    """Count a comment withheld from Coral, by the slug of the problem."""
    WITHHELD.labels(cause).inc()


@_harmless
def count_lost_leases(cause: str, revisions: int) -> None:
    """Count revisions whose lease was lost: `outdated` by a change, `expired` by a crash."""
    if revisions:
        LEASE_LOSSES.labels(cause).inc(revisions)


@_harmless
def count_delivery(outcome: str, seconds: float) -> None:
    """Count an attempt to reach a webhook receiver."""
    DELIVERIES.labels(outcome).inc()
    DELIVERY_SECONDS.observe(seconds)
