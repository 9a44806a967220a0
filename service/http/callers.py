"""The callers of the API, and the scopes that say what they may do."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Scope(StrEnum):
    """What a site key may be used for."""

    COMMENTS = "comments"
    REVIEW = "review"
    ANALYZE = "analyze"
    ADMIN = "admin"
    LEADS = "leads"


USES: dict[Scope, str] = {
    Scope.COMMENTS: "send, edit, withdraw, report and read comments, threads and members",
    Scope.REVIEW: "read and decide comments, read and close threads, change a member's status",
    Scope.ANALYZE: "score texts by Perspective's calls",
    Scope.ADMIN: "receivers of webhooks, a member's status and erasure",
    Scope.LEADS: "beside another scope: say which moderators are leads",
}
"""What a key with each scope may do; `comments`, `review` and `admin` also read events."""


def scope_list() -> str:
    """Return the scopes with what they are for, as a list in Markdown."""
    return "\n".join(f"- `{scope}`: {use}" for scope, use in USES.items())


@dataclass(frozen=True)
class SiteKeyCaller:
    """A site's backend, which calls with one of the site's keys."""

    site_id: UUID
    key_id: UUID
    scopes: frozenset[Scope]
    rate: str | None
    """Overrides `Settings.key_rate`, such as `1000/second`."""
    language: str
    """Main language of the key's texts, or else of the site: an ISO 639 code."""

    @property
    def counted_as(self) -> str:
        """The name that rate limits count this caller under."""
        return str(self.key_id)


Caller = SiteKeyCaller
"""Any kind of caller. New kinds (a signed-in moderator, a reader with a token) join this union.

Use cases rely on `site_id`, `scopes`, `rate`, `language` and `counted_as` alone, never on the kind.
"""
