"""The fixed choices of the domain's vocabulary."""

from enum import IntEnum, StrEnum


class Audience(StrEnum):
    """The readers that a comment is for: `public` (everybody), or `members` of the site."""

    PUBLIC = "public"
    MEMBERS = "members"


class Moderation(StrEnum):
    """When a thread's comments are moderated.

    - `pre`: before publication; readers see a comment once it is approved
    - `post`: after publication; readers see a pending first revision of an active member,
      too, for at most five minutes, so that an outage of the scoring publishes nothing
    """

    PRE = "pre"
    POST = "post"


class MemberStatus(StrEnum):
    """The status of a member, which decides what they may do.

    - `active`: writes; the policy decides
    - `premoderated`: writes; the policy flags everything for a moderator
    - `suspended`, `banned`: may not write; a suspension usually has an end
    """

    ACTIVE = "active"
    PREMODERATED = "premoderated"
    SUSPENDED = "suspended"
    BANNED = "banned"


class Lane(IntEnum):
    """The urgency of a score: a caller waits, a new comment, or bulk. The lower goes first."""

    WAITING = 0
    COMMENTS = 1
    BULK = 2

    @property
    def queue(self) -> str:
        """The name of the Celery queue for this lane's nudges."""
        return f"score.{self.name.lower()}"


class DecisionReason(StrEnum):
    """The reasons that a moderator can give for a decision."""

    INSULT = "insult"
    HATE = "hate"
    THREAT = "threat"
    OBSCENE = "obscene"
    SPAM = "spam"
    OFF_TOPIC = "off_topic"
    PERSONAL_DATA = "personal_data"
    ILLEGAL = "illegal"
    OTHER = "other"
