import base64
import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Invalid
from service.http.paging import decode_cursor, encode_cursor
from service.ids import new_id

FILTERS = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3)


@given(FILTERS, st.text(max_size=20))
def test_a_cursor_gives_back_its_position(filters: dict[str, str], position: str) -> None:
    assert decode_cursor(encode_cursor("list", filters, position), "list", filters, str) == position


@given(FILTERS, FILTERS)
def test_a_cursor_belongs_to_its_filters(filters: dict[str, str], others: dict[str, str]) -> None:
    cursor = encode_cursor("list", filters, "1")
    if filters != others:
        with pytest.raises(Invalid):
            decode_cursor(cursor, "list", others, str)
    with pytest.raises(Invalid):
        decode_cursor(cursor, "other", filters, str)


@given(
    st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: base64.b64encode(raw).decode())
)
def test_made_up_cursors_are_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as caught:
        decode_cursor(cursor, "list", {}, UUID)
    assert caught.value.extra["errors"][0]["pointer"] == "/query/after"


@pytest.mark.parametrize("position", ["", "x", 7, None, [], {"a": 1}])
def test_a_forged_position_is_refused(position: object) -> None:
    fingerprint = json.loads(
        base64.urlsafe_b64decode(encode_cursor("list", {}, str(new_id())) + "==")
    )[0]
    forged = base64.urlsafe_b64encode(json.dumps([fingerprint, position]).encode()).decode()
    with pytest.raises(Invalid):
        decode_cursor(forged, "list", {}, UUID)


def test_a_nested_cursor_is_refused() -> None:
    with pytest.raises(Invalid):
        decode_cursor(base64.b64encode(b"[" * 50_000).decode(), "list", {}, str)
