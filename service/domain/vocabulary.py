"""The fixed choices of the domain's vocabulary."""

from enum import IntEnum, StrEnum


class Audience(StrEnum):
    """The readers that a comment is for."""

    PUBLIC = "public"
    MEMBERS = "members"


class Moderation(StrEnum):
    """Whether comments are shown after the decision (`pre`) or before it (`post`)."""

    PRE = "pre"
    POST = "post"


class MemberStatus(StrEnum):
    """The status of a member, which decides what they may do."""

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
