"""What goes wrong in which round: drawn from a seed, so that a failure can be run again."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What can go wrong."""

    KILL = "kill"
    STOP = "stop"
    STOP_IDLE = "stop idle"
    FREEZE = "freeze"
    FREEZE_IDLE = "freeze idle"
    RESTART = "restart"
    VALKEY_EMPTIED = "valkey emptied"
    VALKEY_SILENT = "valkey silent"
    LONG_READER = "long reader"
    LONG_WRITER = "long writer"
    DATABASE_RESTARTED = "database restarted"
    DATABASE_CRASHED = "database crashed"
    DATABASE_STOPPED = "database stopped"
    DISK_FULL = "disk full"
    ROTATION_FAILS = "disk full at rotation of"
    LOG_DELETED = "delete log of"
    LOGS_DELETED = "delete all logs"
    DATABASE_SWAPPED = "database swapped for"
    CLOCK_FORWARD = "clock forward"
    CLOCK_BACK = "clock back"
    POISON = "poison"
    LOCK_KEPT = "lock kept"
    POLICY_SWITCHED = "policy switched"
    MODEL_SWITCHED = "model switched"


PROCESSES = ("api", "score", "score child", "io", "valkey", "guardian", "up")
REPLACED = ("score", "score children")
"""What is replaced, by itself or by the children, if it is stopped for good."""

LOGS = ("api", "score", "io", "valkey")
SWAPPED = ("nothing", "an empty file", "an older copy")

POISON = ("STIRBT", "KLEMMT", "MURKS", "NANU", "FRISST")
"""Words at which the engine dies, hangs, raises, returns NaN, or runs out of memory."""

ON_PROCESSES = (Kind.KILL, Kind.STOP, Kind.STOP_IDLE, Kind.RESTART)
FREEZES = (Kind.FREEZE, Kind.FREEZE_IDLE)
ON_CLOCK = (Kind.CLOCK_FORWARD, Kind.CLOCK_BACK)
ON_SQLITE = (Kind.DATABASE_SWAPPED,)
ON_POSTGRES = (Kind.DATABASE_RESTARTED, Kind.DATABASE_CRASHED, Kind.DATABASE_STOPPED)
LASTING = {
    Kind.STOP,
    Kind.STOP_IDLE,
    Kind.VALKEY_SILENT,
    Kind.LONG_READER,
    Kind.LONG_WRITER,
    *ON_POSTGRES,
    Kind.DISK_FULL,
    Kind.ROTATION_FAILS,
    Kind.DATABASE_SWAPPED,
    Kind.CLOCK_FORWARD,
    Kind.CLOCK_BACK,
}
"""What goes on until it is ended; everything else happens in a moment."""

MAX_SECONDS = 8.0
"""Seconds: longer than a lease, a hang, and the patience of callers and of Valkey's clients."""

STEPS = (20, 3600)
"""How far the clock is stepped, in seconds."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: `after` s into the round's faults, for `seconds`."""

    kind: Kind
    target: str = ""
    after: float = 0.0
    seconds: float = 0.0

    def __str__(self) -> str:
        """Return it in words for the table."""
        return f"{self.kind} {self.target}".strip()


@dataclass(frozen=True)
class Round:
    """One or two faults under traffic that is drawn from `seed`, then quiet and the checks."""

    number: int
    seed: int
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        """Return its faults in words."""
        return " + ".join(map(str, self.faults))


def rounds(seed: int, faults: int, *, postgres: bool) -> Iterator[Round]:
    """Yield rounds with so many faults in all: each fault alone once, then pairs.

    A short plan begins with one fault of each kind, so that none is left out.
    """
    draw = random.Random(seed)  # noqa: S311 - a seed, not a secret
    menu = _menu(postgres=postgres)
    alone = _one_of_each_first(draw, menu)[: max(1, faults * 2 // 3)]
    pairs = [_pair(draw, menu) for _ in range((faults - len(alone) + 1) // 2)]
    planned = [[fault] for fault in alone] + pairs
    for number, (what, *others) in enumerate(planned, 1):
        timed = [_timed(draw, what, 0.0)]
        timed += [_timed(draw, other, draw.uniform(0.0, 1.5)) for other in others]
        yield Round(number, draw.getrandbits(32), tuple(timed))


def _menu(*, postgres: bool) -> list[Fault]:
    targets: dict[Kind, Sequence[str]] = dict.fromkeys(ON_PROCESSES, PROCESSES)
    targets |= dict.fromkeys(FREEZES, REPLACED)
    targets |= dict.fromkeys(ON_CLOCK, tuple(f"{step} s" for step in STEPS))
    targets |= {Kind.POISON: POISON, Kind.LOG_DELETED: LOGS, Kind.ROTATION_FAILS: LOGS}
    targets |= {Kind.DATABASE_SWAPPED: SWAPPED}
    menu = [Fault(kind, target) for kind in Kind for target in targets.get(kind, [""])]
    # It does not let itself be ended as long as `up` lives.
    menu.remove(Fault(Kind.RESTART, "guardian"))
    elsewhere = ON_SQLITE if postgres else ON_POSTGRES
    return [fault for fault in menu if fault.kind not in elsewhere]


def _pair(draw: random.Random, menu: Sequence[Fault]) -> list[Fault]:
    while True:
        pair = draw.sample(menu, 2)
        if not _contradict(*pair):
            return pair


def _contradict(one: Fault, other: Fault) -> bool:
    """Tell whether the second cannot be brought about, or would be somebody's own decision.

    There is one file to swap, and `up` takes the file that it finds at its start for the
    database: an operator may have put it there.
    """
    swapped = [fault for fault in (one, other) if fault.kind is Kind.DATABASE_SWAPPED]
    restarts = any(
        fault.kind in {Kind.KILL, Kind.RESTART} and fault.target == "up" for fault in (one, other)
    )
    return len(swapped) == 2 or (bool(swapped) and restarts)


def _one_of_each_first(draw: random.Random, menu: Sequence[Fault]) -> list[Fault]:
    shuffled = draw.sample(list(menu), len(menu))
    first = {fault.kind: fault for fault in reversed(shuffled)}
    leading = [fault for fault in shuffled if first[fault.kind] is fault]
    return leading + [fault for fault in shuffled if first[fault.kind] is not fault]


def _timed(draw: random.Random, fault: Fault, after: float) -> Fault:
    seconds = draw.uniform(0.5, MAX_SECONDS) if fault.kind in LASTING else 0.0
    return Fault(fault.kind, fault.target, after, seconds)
