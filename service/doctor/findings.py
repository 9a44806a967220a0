"""Judge what was seen of an installation: pure functions on plain data."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from service.folders import LEAST_FREE

MAX_SKEW = timedelta(seconds=5)
"""Difference of two machines' clocks from which undo windows (10 seconds) are told too late."""


@dataclass(frozen=True)
class Finding:
    """The outcome of one check; where it is not `ok`, the text says what to do."""

    check: str
    ok: bool
    text: str


def settings(faults: str) -> list[Finding]:
    """Return a finding for each line of what is wrong with the settings."""
    return [Finding("settings", ok=False, text=fault) for fault in faults.splitlines()]


def folder(var: Path, mode: int | None, *, writable: bool) -> Finding:
    """Judge the state folder by its permissions; `mode` is None where there is none."""
    if mode is None:
        return Finding("folder", ok=True, text=f"{var} is not made yet")
    if not writable:
        text = f"{var} cannot be written by this user. Run all commands as the user who owns it."
        return Finding("folder", ok=False, text=text)
    if mode & 0o077:
        text = f"{var} is open to other users, and holds texts and keys. Run: chmod 700 '{var}'"
        return Finding("folder", ok=False, text=text)
    return Finding("folder", ok=True, text=str(var))


def schema(revision: str | None, head: str, *, known: bool) -> Finding:
    """Judge the schema's revision: None where there are no tables; `known` to this version."""
    if revision == head:
        return Finding("schema", ok=True, text=f"revision {head}")
    if revision is None:
        return Finding("schema", ok=False, text="There are no tables. Run `netiquette migrate`.")
    if known:
        text = f"Revision {revision} is older than {head}. Back up, then run `netiquette migrate`."
        return Finding("schema", ok=False, text=text)
    text = f"Revision {revision} is of a newer Netiquette. Run that version, or restore a backup."
    return Finding("schema", ok=False, text=text)


def secret_key(encrypted: int, *, given: bool, readable: bool) -> Finding:
    """Judge the key by the number of secrets in the database and whether it decrypts them."""
    if not encrypted:
        text = "set" if given else "not set; webhooks and Coral need NETIQUETTE_SECRET_KEY"
        return Finding("secret key", ok=True, text=text)
    if not given:
        text = f"{encrypted} secrets cannot be read. Set NETIQUETTE_SECRET_KEY to the key of old."
        return Finding("secret key", ok=False, text=text)
    if not readable:
        text = (
            "The secrets were encrypted with another key. Set NETIQUETTE_SECRET_KEY to that one, "
            "or rotate the webhooks' secrets and run `netiquette coral connect` again."
        )
        return Finding("secret key", ok=False, text=text)
    return Finding("secret key", ok=True, text=f"set, and decrypts {encrypted} secrets")


def scoring(silent_for: timedelta | None, *, silent: bool) -> Finding:
    """Judge the scoring workers by the time since the last heartbeat; None where there was none."""
    if not silent:
        return Finding("scoring", ok=True, text="a worker is there")
    since = "yet" if silent_for is None else f"for {silent_for.total_seconds():.0f} s"
    text = (
        f"No scoring worker was heard of {since}. Start `netiquette up` or `netiquette worker "
        "score`; if one runs, look for model_not_loaded in its log."
    )
    return Finding("scoring", ok=False, text=text)


def disk(place: Path, free: int) -> Finding:
    """Judge the free space, in bytes, where SQLite's file lies."""
    room = f"{free // 2**20:,} MiB free at {place}"
    if free < LEAST_FREE:
        text = f"{room}; {LEAST_FREE // 2**20} MiB are needed. Make room."
        return Finding("disk", ok=False, text=text)
    return Finding("disk", ok=True, text=room)


def clock(other: str, ahead: timedelta) -> Finding:
    """Judge how far the clock of something else is ahead of this machine's, or behind."""
    seconds = abs(ahead.total_seconds())
    if abs(ahead) <= MAX_SKEW:
        return Finding("clock", ok=True, text=f"agrees with {other} within {seconds:.1f} s")
    direction = "ahead of" if ahead > timedelta() else "behind"
    text = f"{other} is {seconds:.0f} s {direction} this machine. Run NTP on both."
    return Finding("clock", ok=False, text=text)
