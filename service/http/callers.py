"""The callers of the API, and the scopes that say what they may do."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Scope(StrEnum):
    """What a site key may be used for.

    `comments`: send, edit, withdraw, report and read comments, threads and members.
    `review`: read and decide comments, read and close threads, set a member's status.
    `analyze`: score texts by Perspective's calls.
    `admin`: webhooks, a member's status, erasure.
    `leads`: with another scope, to say which moderators are leads.
    """

    COMMENTS = "comments"
    REVIEW = "review"
    ANALYZE = "analyze"
    ADMIN = "admin"
    LEADS = "leads"


@dataclass(frozen=True)
class SiteKeyCaller:
    """A site's backend, which calls with one of the site's keys."""

    site_id: UUID
    key_id: UUID
    scopes: frozenset[Scope]
    rate: str | None
    """Overrides `Settings.key_rate`, such as `1000/second`."""

    @property
    def counted_as(self) -> str:
        """The name that rate limits count this caller under."""
        return str(self.key_id)


Caller = SiteKeyCaller
"""Any kind of caller. New kinds (a signed-in moderator, a reader with a token) join this union.

Use cases rely on `site_id`, `scopes`, `rate` and `counted_as` alone, never on the kind.
"""
