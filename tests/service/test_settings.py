import pytest
from pydantic import ValidationError

from service.settings import Settings


def test_a_lease_outlives_the_time_limit() -> None:
    assert Settings(time_limit=9, lease_seconds=10).lease_seconds == 10
    with pytest.raises(ValidationError, match="lease_seconds"):
        Settings(time_limit=10, lease_seconds=10)
