"""However often a comment was edited, a page of its history costs a page."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from service.comments import use_cases
from service.domain.states import State
from service.http import paging
from service.tables import Revision
from service.testing.backend import Backend


@pytest.fixture
def loaded() -> Iterator[list[Revision]]:
    """Collect the revisions whose texts are read."""
    found: list[Revision] = []

    def note(target: Revision, *_: Any) -> None:
        found.append(target)

    event.listen(Revision, "load", note)
    yield found
    event.remove(Revision, "load", note)


def edited(backend: Backend, times: int) -> str:
    comment_id: str = backend.comment()["id"]
    for number in range(times):
        backend.judge(comment_id, State.APPROVED)
        backend.call("PATCH", f"/v1/comments/{comment_id}", json={"body": f"Fassung {number}"})
    backend.call("POST", f"/v1/comments/{comment_id}/reports", json={"reason": "spam"})
    return comment_id


def pages(backend: Backend, comment_id: str, limit: int) -> list[list[dict[str, Any]]]:
    found, after = [], None
    while True:
        query = {"limit": limit} | ({"after": after} if after else {})
        page = backend.call("GET", f"/v1/comments/{comment_id}/history", params=query).json()
        found.append(page["items"])
        after = page["next"]
        if after is None:
            return found


def test_pages_make_up_the_whole(backend: Backend, loaded: list[Revision]) -> None:
    comment_id = edited(backend, 6)
    (whole,) = pages(backend, comment_id, 200)
    assert [item["kind"] for item in whole].count("revision") == 7
    assert {item["kind"] for item in whole} == {"revision", "assessment", "decision", "report"}
    assert [item["at"] for item in whole] == sorted(item["at"] for item in whole)
    loaded.clear()
    single = pages(backend, comment_id, 1)
    assert [item for page in single for item in page] == whole
    assert len(loaded) == 7


def test_long_texts_make_short_pages(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    comment_id = edited(backend, 6)
    (whole,) = pages(backend, comment_id, 200)
    monkeypatch.setattr(paging, "MAX_PAGE", 25)
    short = pages(backend, comment_id, 200)
    assert len(short) > 3
    assert [item for page in short for item in page] == whole


def test_revisions_are_bounded(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_cases, "MAX_REVISIONS", 3)
    comment_id = edited(backend, 2)
    again = backend.call("PATCH", f"/v1/comments/{comment_id}", json={"body": "Noch eine"})
    assert (again.status_code, again.json()["type"]) == (
        409,
        "urn:netiquette:problem:too-many-revisions",
    )
    assert backend.call("DELETE", f"/v1/comments/{comment_id}").status_code == 200
