from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis.strategies import datetimes, timezones

from service.ids import new_id


def moment_of(number: int) -> datetime:
    """Return what the first 48 bits tell: milliseconds (RFC 9562, section 5.7)."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number >> 80)


@given(datetimes(datetime(1995, 1, 1), datetime(2200, 1, 1), timezones=timezones()))  # noqa: DTZ001 - bounds are naive by hypothesis' interface
def test_an_id_tells_the_moment_that_it_is_made_for(at: datetime) -> None:
    made = new_id(at)
    assert made.version == 7
    assert timedelta(0) <= at - moment_of(made.int) < timedelta(milliseconds=1)


def test_ids_of_now_increase() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert abs(datetime.now(UTC) - moment_of(ids[-1].int)) < timedelta(minutes=1)


def test_an_older_moment_sorts_before_now() -> None:
    assert new_id(datetime(2016, 3, 4, tzinfo=UTC)) < new_id()
