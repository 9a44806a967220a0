"""A site may have so many pending comments; beyond that it is told, and nobody else is."""

from collections.abc import Iterator
from typing import Any

import pytest

from service.comments import backlog
from service.comments.backlog import RETRY_AFTER, Backlogs
from service.comments.intake import Intake
from service.domain.states import State
from service.domain.vocabulary import Lane
from service.testing.backend import Backend, comment_in


class NoNudges:
    def nudge(self, lane: Lane) -> None:
        """Tell nobody."""


@pytest.fixture
def narrow(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """Give the backend of a site that may have three pending comments; each call counts anew."""
    state = backend.client.app.state  # type: ignore[attr-defined]  # a FastAPI
    usual = state.intake
    state.intake = Intake(backend.database, NoNudges(), Backlogs(3))
    monkeypatch.setattr(backlog, "FRESH_SECONDS", 0.0)
    yield backend
    state.intake = usual


def post(backend: Backend, **changes: Any) -> Any:
    return backend.post(**changes)


def post_batch(backend: Backend, comments: list[dict[str, Any]]) -> Any:
    return backend.call("POST", "/v1/comments/batch", json={"comments": comments}).json()["items"]


def test_one_more_than_may_wait_is_refused_until_one_is_decided(narrow: Backend) -> None:
    ids = [narrow.comment()["id"] for _ in range(3)]
    refused = post(narrow)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(RETRY_AFTER))
    problem = refused.json()
    assert problem["type"].endswith(":too-many-pending")
    assert "3 comments of your site wait" in problem["detail"]
    narrow.judge(ids[0], State.APPROVED)
    assert post(narrow).status_code == 202


def test_another_site_is_not_concerned(narrow: Backend, other_site: Backend) -> None:
    for _ in range(3):
        narrow.comment()
    assert post(other_site).status_code == 202


def test_of_a_batch_as_many_are_kept_as_may_wait(narrow: Backend) -> None:
    comments = [comment_in(thread={"key": f"t{n}"}, external_id=f"e{n}") for n in range(5)]
    items = post_batch(narrow, comments)
    assert [item.get("state") for item in items] == ["pending"] * 3 + [None] * 2
    assert items[4]["error"]["type"].endswith(":too-many-pending")
    assert items[4]["error"]["retry_after"] == RETRY_AFTER
    # What is known is answered, however many wait.
    again = narrow.call("POST", "/v1/comments/batch", json={"comments": comments[:1]}).json()[
        "items"
    ]
    assert again[0]["id"] == items[0]["id"]


def test_comments_since_the_last_count_take_their_room(
    narrow: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "FRESH_SECONDS", 60.0)
    assert [post(narrow).status_code for _ in range(4)] == [202, 202, 202, 429]
