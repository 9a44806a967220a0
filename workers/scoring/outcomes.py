"""What becomes of a look for work."""

from enum import Enum, auto


class Outcome(Enum):
    """What became of one look at a lane, or at the analyses."""

    NOTHING = auto()
    STORED = auto()
    FAILED = auto()
    ENGINE_BROKEN = auto()
