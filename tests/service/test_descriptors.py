"""The limit of descriptors, and errors that come from it."""

import errno
import resource
from collections.abc import Iterator

import pytest

from service.descriptors import MAX_DESCRIPTORS, are_spent, raise_limit


@pytest.fixture
def few() -> Iterator[int]:
    """Let this process have few descriptors; give the hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_process_takes_as_many_as_it_may(few: int) -> None:
    raise_limit()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == few
    assert soft == (MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, soft))
    assert soft > 512


def test_a_limit_is_never_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    high = 2 * MAX_DESCRIPTORS
    monkeypatch.setattr(resource, "getrlimit", lambda _: (high, high))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: pytest.fail("it was set"))
    raise_limit()


def test_a_system_that_refuses_does_not_keep_us_from_starting(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("not allowed to raise maximum limit")

    with monkeypatch.context() as patch:
        patch.setattr(resource, "setrlimit", refuse)
        raise_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (512, few)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_lack_is_found_behind_other_errors(number: int) -> None:
    lack = OSError(number, "too many open files")
    wrapped = RuntimeError("could not connect")
    wrapped.__cause__ = ExceptionGroup("all addresses", [ConnectionRefusedError(), lack])
    assert are_spent(lack)
    assert are_spent(wrapped)


def test_other_errors_are_no_lack() -> None:
    error = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    error.__context__ = error
    assert not are_spent(error)
