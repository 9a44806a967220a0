"""The outcomes of one look for work."""

from enum import Enum, auto


class Outcome(Enum):
    """The outcome of one look for work, in a lane or among the analyses."""

    NOTHING = auto()
    STORED = auto()
    FAILED = auto()
    ENGINE_BROKEN = auto()
