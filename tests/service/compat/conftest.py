"""A scoring worker in this process, for doors whose callers wait for scores."""

from collections.abc import Iterator

import pytest

from service.testing.backend import Backend
from tests.support.analysing import worker_on


@pytest.fixture
def worker(backend: Backend) -> Iterator[None]:
    """Have analyses on the backend's database scored until the test ends."""
    with worker_on(backend.database):
        yield
