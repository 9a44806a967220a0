"""Whose turn it is: sites share the workers, and long texts of a site take turns with short ones.

A site that sends thousands of comments, or comments that take seconds each, must not keep
another one waiting. So a lease goes first to the site that was served longest ago. What is
chosen from it has a bounded cost, so each of N sites is served at least in every Nth lease of
a worker. Within a site, short texts and long ones take turns in the same way.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from service.domain.costs import most_tokens
from service.tables import Comment, Revision

Waiting = tuple[Comment, Revision]
"""A comment that waits, with its text."""


@dataclass(frozen=True)
class Limits:
    """The limits of one lease: comments, tokens and seconds."""

    comments: int
    tokens: int
    """Estimated; never fewer than there are."""
    seconds: float


@dataclass(frozen=True)
class Queue:
    """The comments of a site that wait in a lane, either the short or the long ones."""

    site_id: UUID
    is_long: bool
    since: datetime
    """When the first of them became pending."""


@dataclass
class Turns:
    """When a worker last served each site and each queue; in its memory, counted in leases.

    A new worker remembers nothing, and begins with the oldest. No worker knows of the others':
    each is fair by itself.
    """

    _leases: int = 0
    _sites: dict[UUID, int] = field(default_factory=dict)
    _queues: dict[tuple[UUID, bool], int] = field(default_factory=dict)

    def order(self, queues: Iterable[Queue]) -> list[list[Queue]]:
        """Return each site's queues, the site and the queue first that waited for most leases."""

        def of_queue(queue: Queue) -> tuple[int, datetime]:
            return self._queues.get((queue.site_id, queue.is_long), 0), queue.since

        def of_site(site: list[Queue]) -> tuple[int, datetime]:
            return self._sites.get(site[0].site_id, 0), min(queue.since for queue in site)

        by_site = sorted(queues, key=lambda queue: queue.site_id)
        sites = itertools.groupby(by_site, key=lambda queue: queue.site_id)
        return sorted((sorted(group, key=of_queue) for _, group in sites), key=of_site)

    def note(self, served: Iterable[Comment]) -> None:
        """Remember that one lease has served these comments."""
        self._leases += 1
        for comment in served:
            self._sites[comment.site_id] = self._leases
            self._queues[comment.site_id, comment.is_long] = self._leases


def choose(sites: Sequence[Sequence[Waiting]], limits: Limits) -> list[Waiting]:
    """Return what one lease takes from the sites in turn: of each the first, then the second.

    Each site has at least one.

    The very first is taken whatever it costs, and alone if it failed before. After it, a
    site gives fresh ones up to the first that does not fit: what comes after that one would
    otherwise overtake it for ever.
    """
    if not sites:
        return []
    lines = [iter(site) for site in sites]
    first = next(lines[0])
    if first[0].attempts > 0:
        return [first]
    chosen, tokens = [first], most_tokens(first[1].body)
    lines = [*lines[1:], lines[0]]
    while lines and len(chosen) < limits.comments:
        line = lines.pop(0)
        fresh = next((waiting for waiting in line if waiting[0].attempts == 0), None)
        if fresh is None:
            continue
        tokens_with_it = tokens + most_tokens(fresh[1].body)
        if tokens_with_it <= limits.tokens:
            chosen.append(fresh)
            tokens = tokens_with_it
            lines.append(line)
    return chosen
