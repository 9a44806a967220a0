import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from service.http.prefer import preferred_wait


def wait(*values: str) -> int:
    return preferred_wait(Headers(raw=[(b"prefer", value.encode("latin-1")) for value in values]))


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ([], 0),
        (["wait=5"], 5),
        (["WAIT = 5"], 5),
        (['wait="5"'], 5),
        (["wait=99"], 10),
        (["wait=0"], 0),
        (["respond-async, wait=3"], 3),
        (["respond-async", "wait=4"], 4),
        (["wait=2", "wait=9"], 2),
        (["wait=2; foo=bar"], 2),
        (["wait"], 0),
        (["wait="], 0),
        (["wait=-1"], 0),
        (["wait=1.5"], 0),
        (["wait=ten"], 0),
        (["waiting=5"], 0),
        (["wait=\xb2"], 0),
    ],
)
def test_preferences(values: list[str], seconds: int) -> None:
    assert wait(*values) == seconds


@given(st.lists(st.text(st.characters(max_codepoint=255))))
def test_no_preference_makes_a_request_fail(values: list[str]) -> None:
    assert 0 <= wait(*values) <= 10
