"""File descriptors: each socket and each file of a process takes one."""

import errno
import resource
from collections.abc import Iterator
from contextlib import suppress

MAX_DESCRIPTORS = 65_536
"""Asked for, at most: where there is no limit, some systems grant no such number."""


def raise_limit() -> None:
    """Let this process and its children have as many descriptors as they may ask for.

    The soft limit, often 1,024, is only there for programs that use select() (getrlimit(2)).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def are_spent(error: BaseException) -> bool:
    """Tell whether the error comes from a lack of descriptors, here or in the whole system."""
    return any(
        isinstance(cause, OSError) and cause.errno in {errno.EMFILE, errno.ENFILE}
        for cause in _causes(error, set())
    )


def _causes(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    """Return the error, and all that it was raised from."""
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for cause in (error.__cause__, error.__context__, *inner):
        yield from _causes(cause, seen)
