from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from service import clock
from service.domain.states import State
from service.tables import Assessment, Comment, Report
from service.testing.backend import Backend


def queue(backend: Backend, **query: Any) -> list[str]:
    response = backend.call("GET", "/v1/review/queue", params=query)
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


def judged(backend: Backend, state: State, score: float, **changes: Any) -> str:
    comment_id: str = backend.comment(**changes)["id"]
    backend.judge(comment_id, state, score)
    with backend.database.write() as session:
        comment = session.get_one(Comment, UUID(comment_id))
        comment.risk = score
    return comment_id


def report(backend: Backend, comment_id: str, number: int = 1) -> None:
    with backend.database.write() as session:
        for _ in range(number):
            session.add(
                Report(
                    site_id=backend.rows.site_id,
                    comment_id=UUID(comment_id),
                    revision=1,
                    reason="insult",
                )
            )


def test_riskiest_first(backend: Backend) -> None:
    low, high, middle = (judged(backend, State.FLAGGED, score) for score in (0.5, 0.9, 0.7))
    assert queue(backend, order="riskiest") == [high, middle, low]
    assert queue(backend) == [low, high, middle]


def test_most_reported_first_and_published_ones_too(backend: Backend) -> None:
    flagged = judged(backend, State.FLAGGED, 0.9)
    published = judged(backend, State.APPROVED, 0.1)
    judged(backend, State.APPROVED, 0.1)
    report(backend, published, 2)
    report(backend, flagged, 1)
    response = backend.call("GET", "/v1/review/queue", params={"order": "most_reported"}).json()
    assert [(item["id"], item["open_reports"]) for item in response["items"]] == [
        (published, 2),
        (flagged, 1),
    ]
    assert response["counts"]["reported"] == 2
    assert response["counts"]["flagged"] == 1


def test_counts_and_filter_agree_on_what_is_reported(backend: Backend) -> None:
    ids = [judged(backend, state, 0.9) for state in (State.FLAGGED, State.APPROVED)]
    waiting = backend.comment()["id"]
    fresh = backend.comment()["id"]
    with backend.database.write() as session:
        comment = session.get_one(Comment, UUID(waiting))
        comment.pending_since = clock.now() - timedelta(hours=1)
    for comment_id in (*ids, waiting, fresh):
        report(backend, comment_id)
    judged(backend, State.FLAGGED, 0.9)
    assert queue(backend, reason="reported") == [*ids, waiting]
    assert backend.call("GET", "/v1/review/queue").json()["counts"]["reported"] == 3


@pytest.mark.parametrize("order", ["oldest", "riskiest", "most_reported"])
def test_pages_have_no_gap_and_no_double(backend: Backend, order: str) -> None:
    scores = (0.5, 0.9, 0.5, 0.7, 0.9)
    ids = [judged(backend, State.FLAGGED, score) for score in scores]
    report(backend, ids[3], 2)
    seen: list[str] = []
    after = None
    for _ in range(10):
        query = {"order": order, "limit": 2} | ({"after": after} if after else {})
        page = backend.call("GET", "/v1/review/queue", params=query).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == queue(backend, order=order)
    assert sorted(seen) == sorted(ids)


def test_filter_by_thread_reason_and_language(backend: Backend) -> None:
    politics = judged(backend, State.FLAGGED, 0.9, thread={"key": "politik"})
    sport = judged(backend, State.FLAGGED, 0.9, thread={"key": "sport"})
    with backend.database.write() as session:
        rows = session.exec(select(Assessment).where(col(Assessment.comment_id) == UUID(sport)))
        rows.one().language = "de"
    assert queue(backend, thread="sport") == [sport]
    assert queue(backend, thread="none") == []
    assert queue(backend, language="de") == [sport]
    assert queue(backend, reason="toxicity") == [politics, sport]
    assert queue(backend, reason="over_threshold") == [politics, sport]
    assert queue(backend, reason="threat") == []


def test_filter_by_reports_and_by_long_pending(backend: Backend) -> None:
    published = judged(backend, State.APPROVED, 0.1)
    report(backend, published)
    waiting = backend.comment()["id"]
    with backend.database.write() as session:
        comment = session.get_one(Comment, UUID(waiting))
        comment.pending_since = clock.now() - timedelta(hours=1)
    assert queue(backend, reason="reported") == [published]
    assert queue(backend, reason="long_pending") == [waiting]
    counts = backend.call("GET", "/v1/review/queue").json()["counts"]
    assert counts == {"flagged": 0, "reported": 1, "long_pending": 1, "claimed": 0}


def test_a_decision_takes_a_reported_comment_out_of_the_queue(backend: Backend) -> None:
    published = judged(backend, State.APPROVED, 0.1)
    report(backend, published)
    assert backend.decide(published, "approved").status_code == 201
    assert queue(backend) == []


@pytest.mark.parametrize("query", [{"order": "newest"}, {"state": "flagged"}, {"reason": "x y"}])
def test_what_is_no_filter_is_refused(backend: Backend, query: dict[str, str]) -> None:
    assert backend.call("GET", "/v1/review/queue", params=query).status_code == 422
