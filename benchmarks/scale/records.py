"""What a row of each table looks like in the filled database."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from benchmarks.scale.bulk import Rows
from service.domain.events import EventType, event_for
from service.domain.states import Actor, State
from service.domain.vocabulary import Audience, Lane, MemberStatus
from service.policy.facts import Facts
from service.secret_box import SecretBox
from service.tables import (
    Assessment,
    Comment,
    Decision,
    Delivery,
    Endpoint,
    Event,
    IdempotentRequest,
    Member,
    Moderator,
    Policy,
    Report,
    Revision,
    Site,
    Thread,
    WebhookMessage,
)
from service.webhooks.secrets import new_secret

SITES = 4
SECRET_KEY = SecretStr("a filled database needs no secret key that is secret")

MODEL = "0" * 64
SCORES = {"toxicity": 0.02, "insult": 0.01, "threat": 0.01}
FACTS = Facts(
    forms={"original": SCORES},
    failure=None,
    member_status=MemberStatus.ACTIVE,
    previously_flagged=False,
).model_dump(mode="json")
REASONS = [{"code": "over_threshold", "attribute": "toxicity", "score": 0.8, "threshold": 0.7}]
TEXT = "Das sehe ich anders, aber danke für den Artikel! "


@dataclass
class Records:
    """Makes rows of some sites; chance and the events' numbers go on from row to row."""

    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - not a secret
    sites: list[UUID] = field(default_factory=list)
    moderators: list[UUID] = field(default_factory=list)
    sequences: list[int] = field(default_factory=lambda: [0] * SITES)
    endpoints: list[UUID] = field(default_factory=list)
    """One a site, which is sent everything."""
    delivered_since: datetime | None = None
    """Older deliveries are deleted by now."""

    def store(self, rows: Rows, site: int, comment: dict[str, Any]) -> None:
        """Add a decided comment with all that is recorded about it."""
        rows[Comment].append(comment)
        rows[Revision].append(self.revision(comment))
        assessment = self._assessment(comment)
        rows[Assessment].append(assessment)
        state = comment["state"]
        by_policy = state if state is State.FLAGGED else State.APPROVED
        steps: list[tuple[Actor, State, State]] = [(Actor.POLICY, State.PENDING, by_policy)]
        if state is State.REJECTED:
            steps = [
                (Actor.POLICY, State.PENDING, State.FLAGGED),
                (Actor.MODERATOR, State.FLAGGED, state),
            ]
        elif state is State.WITHDRAWN:
            steps.append((Actor.AUTHOR, State.APPROVED, state))
        for number, (actor, before, after) in enumerate(steps):
            at = comment["created_at"] + timedelta(seconds=1 + number)
            decision = {
                "id": self._id(at),
                "site_id": comment["site_id"],
                "comment_id": comment["id"],
                "revision": 1,
                "from_state": before,
                "to_state": after,
                "actor": actor,
                "policy": 1 if actor is Actor.POLICY else None,
                "moderator_id": self.moderators[site] if actor is Actor.MODERATOR else None,
                "assessment_id": assessment["id"] if actor is Actor.POLICY else None,
                "reasons": REASONS if after is State.FLAGGED else [],
                "facts": FACTS,
                "created_at": at,
            }
            rows[Decision].append(decision)
            event = self._event(site, decision)
            rows[Event].append(event)
            if self.delivered_since and at > self.delivered_since:
                rows[Delivery].append(self._delivery(site, event))

    def keyed(  # noqa: PLR0913, PLR0917 - two tables of one shape
        self,
        rows: Rows,
        model: type[Thread | Member],
        site: int,
        prefix: str,
        count: int,
        at: datetime,
    ) -> list[UUID]:
        """Add so many threads or members; return their ids."""
        made = [
            model(id=self._id(at), site_id=self.sites[site], key=f"{prefix}-{n}", created_at=at)
            for n in range(count)
        ]
        rows[model].extend(row.model_dump() for row in made)
        return [row.id for row in made]

    def comment(self, site: int, at: datetime, **more: Any) -> dict[str, Any]:
        """Return a comment of that time; `more` are its other columns."""
        return {
            "id": self._id(at),
            "site_id": self.sites[site],
            "audience": Audience.PUBLIC,
            "revision": 1,
            "created_at": at,
            "lane": int(Lane.COMMENTS),
            "pending_since": at,
            "attempts": 0,
            "risk": 0.02,
            "claimed_by": None,
            "claimed_until": None,
        } | more

    def revision(self, comment: dict[str, Any]) -> dict[str, Any]:
        """Return its first text."""
        return {
            "comment_id": comment["id"],
            "number": 1,
            "site_id": comment["site_id"],
            "body": (TEXT * self.chance.randint(1, 8)).strip(),
            "created_at": comment["created_at"],
        }

    def _assessment(self, comment: dict[str, Any]) -> dict[str, Any]:
        at = comment["created_at"] + timedelta(seconds=1)
        return {
            "id": self._id(at),
            "site_id": comment["site_id"],
            "comment_id": comment["id"],
            "revision": 1,
            "model": MODEL,
            "scores": SCORES,
            "spans": [],
            "language": self.chance.choice(("de", "de", "de", "en")),
            "forms": {"original": SCORES},
            "provenance": {"engine": "none"},
            "duration": 0.01,
            "created_at": at,
        }

    def _event(self, site: int, decision: dict[str, Any]) -> dict[str, Any]:
        self.sequences[site] += 1
        at = decision["created_at"]
        return {
            "id": self._id(at),
            "site_id": decision["site_id"],
            "type": event_for(decision["to_state"]),
            "comment_id": decision["comment_id"],
            "revision": 1,
            "decision_id": decision["id"],
            "facts": {},
            "due_at": at,
            "sequence": self.sequences[site],
            "numbered_at": at,
            "created_at": at,
        }

    def endpoint(self, site: int) -> dict[str, Any]:
        """Return the site's webhook receiver."""
        at = datetime.now(UTC)
        endpoint_id = self._id(at)
        self.endpoints.append(endpoint_id)
        return {
            "id": endpoint_id,
            "site_id": self.sites[site],
            "url": "https://cms.example.org/netiquette",
            "events": list(EventType),
            "include_body": False,
            "secret": SecretBox(SECRET_KEY).encrypt(new_secret()),
            "queued_sequence": 0,
            "failures": 0,
            "created_at": at,
        }

    def message(self, site: int, event: dict[str, Any]) -> dict[str, Any]:
        """Return the event as it waits for the site's receiver."""
        return {
            "endpoint_id": self.endpoints[site],
            "sequence": event["sequence"],
            "site_id": event["site_id"],
            "subject": event["comment_id"],
            "tells_state": True,
            "supersedes": [],
            "attempts": 0,
            "refusals": 0,
            "due_at": event["created_at"],
        }

    def _delivery(self, site: int, event: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self._id(event["created_at"]),
            "site_id": event["site_id"],
            "endpoint_id": self.endpoints[site],
            "event_id": event["id"],
            "sequence": event["sequence"],
            "type": event["type"],
            "subject": event["comment_id"],
            "attempt": 1,
            "url": "https://cms.example.org/netiquette",
            "size": 500,
            "outcome": "delivered",
            "status": 204,
            "response": "",
            "duration": 0.1,
            "created_at": event["created_at"],
        }

    def report(self, comment: dict[str, Any], reporter: UUID) -> dict[str, Any]:
        """Return a report of it."""
        at = comment["created_at"] + timedelta(minutes=1)
        return {
            "id": self._id(at),
            "site_id": comment["site_id"],
            "comment_id": comment["id"],
            "revision": 1,
            "reporter_id": reporter,
            "reason": "insult",
            "created_at": at,
        }

    def request(self, comment: dict[str, Any]) -> dict[str, Any]:
        """Return the request with an Idempotency-Key that it came with."""
        return {
            "site_id": comment["site_id"],
            "key": str(comment["id"]),
            "comment_id": comment["id"],
            "fingerprint": MODEL,
            "status": 202,
            "answer": {},
            "created_at": comment["created_at"],
        }

    def _id(self, at: datetime) -> UUID:
        """Return a UUIDv7 of that time."""
        milliseconds = int(at.timestamp() * 1000)
        random_a, random_b = self.chance.getrandbits(12), self.chance.getrandbits(62)
        return UUID(int=milliseconds << 80 | 7 << 76 | random_a << 64 | 2 << 62 | random_b)


def no_rows() -> Rows:
    """Return an empty list for each table."""
    return {
        model: []
        for model in (
            Site,
            Policy,
            Moderator,
            Thread,
            Member,
            Comment,
            Revision,
            Assessment,
            Decision,
            Report,
            Event,
            IdempotentRequest,
            Endpoint,
            WebhookMessage,
            Delivery,
        )
    }
