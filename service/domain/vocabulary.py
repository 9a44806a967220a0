"""The fixed choices of the domain's vocabulary."""

from enum import IntEnum, StrEnum


class Audience(StrEnum):
    """Who may read a comment."""

    PUBLIC = "public"
    MEMBERS = "members"


class Moderation(StrEnum):
    """Whether readers wait for the decision (`pre`) or not (`post`)."""

    PRE = "pre"
    POST = "post"


class MemberStatus(StrEnum):
    """What a member may do."""

    ACTIVE = "active"
    PREMODERATED = "premoderated"
    SUSPENDED = "suspended"
    BANNED = "banned"


class Lane(IntEnum):
    """Who waits for the score; lower goes first."""

    WAITING = 0
    COMMENTS = 1
    BULK = 2

    @property
    def queue(self) -> str:
        """Name of the Celery queue that carries this lane's nudges."""
        return f"score.{self.name.lower()}"


class DecisionReason(StrEnum):
    """Why a moderator decided so."""

    INSULT = "insult"
    HATE = "hate"
    THREAT = "threat"
    OBSCENE = "obscene"
    SPAM = "spam"
    OFF_TOPIC = "off_topic"
    PERSONAL_DATA = "personal_data"
    ILLEGAL = "illegal"
    OTHER = "other"
