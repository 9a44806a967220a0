"""However long the history is: no statement reads or sorts all of it.

Each is explained as the code itself asks it, on both databases.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest
from sqlmodel import col, select
from starlette.testclient import TestClient

from benchmarks.scale.filling import BLOCK, Filled
from benchmarks.scale.reads import BATCH, READS, Read, World
from benchmarks.scale.records import SECRET_KEY
from service.app import create_app
from service.comments.repository import find_decided
from service.domain.deliveries import Delivered, Refused
from service.domain.states import State
from service.domain.vocabulary import Lane
from service.events.positions import find_positions_with_news
from service.http.callers import Scope
from service.ids import new_id
from service.secret_box import SecretBox
from service.settings import Settings
from service.tables import Comment
from service.testing.backend import comment_in, make_key
from tests.service.plans import Plan, plans
from tests.support.postgres import new_postgres_database
from workers.delivery import leasing, rounds
from workers.delivery.recording import Done
from workers.delivery.sending import Attempt
from workers.erasing import carry_out_erasures
from workers.scoring import leases, storing


@dataclass(frozen=True)
class Site(World):
    """The largest site of a filled database, and its backend."""

    client: TestClient

    @cached_property
    def key(self) -> str:
        return make_key(self.context.database, self.site, *Scope)

    def call(self, method: str, path: str, **body: Any) -> Any:
        response = self.client.request(
            method, path, json=body or None, headers={"Authorization": f"Bearer {self.key}"}
        )
        assert response.status_code < 300, response.text
        return response.json() if response.content else None

    def some(self, state: State) -> str:
        """Return a comment that nobody claims."""
        if state is State.FLAGGED:
            items = self.call("GET", "/v1/review/queue?order=riskiest&reason=toxicity")["items"]
            found: str = next(item["id"] for item in items if item["claim"] is None)
            return found
        ids = (str(self.find()) for _ in range(100))
        return next(id_ for id_ in ids if self.call("GET", f"/v1/comments/{id_}")["state"] == state)

    def plans(self, act: Callable[[], object]) -> list[Plan]:
        return plans(self.context.database, act)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Give a site with enough of a history for Postgres to avoid reading it."""
    if request.param == "sqlite":
        yield from _filled(f"sqlite:///{tmp_path_factory.mktemp('plans')}/plans.db")
        return
    with new_postgres_database(request.getfixturevalue("postgres_url")) as url:
        yield from _filled(url)


def _filled(url: str) -> Iterator[Site]:
    filled = Filled.with_backlog(url)
    filled.grow(10 * BLOCK)
    rates: dict[str, Any] = dict.fromkeys(("key_rate", "member_rate", "report_rate"), "9999/second")
    app = create_app(Settings(database_url=url, redis_url="redis://127.0.0.1:1/0", **rates))
    yield Site(filled, app.state.context, TestClient(app))
    app.state.context.database.dispose()
    filled.database.dispose()


def faults(found: list[Plan]) -> list[str]:
    assert found
    return [plan.fault for plan in found if plan.fault]


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_no_read_grows(site: Site, read: Read) -> None:
    assert faults(site.plans(lambda: read(site))) == []


def post(site: Site) -> None:
    parent = site.find()
    thread = site.call("GET", f"/v1/comments/{parent}")["thread"]["key"]
    comment = comment_in(thread={"key": thread}, parent_id=str(parent), external_id=str(new_id()))
    site.call("POST", "/v1/comments", **comment)


def decide_and_undo(site: Site) -> None:
    path = f"/v1/comments/{site.some(State.FLAGGED)}/decisions"
    made = site.call(
        "POST", path, state="rejected", revision=1, reason="spam", moderator={"key": "petra"}
    )
    site.call("POST", f"/v1/decisions/{made['id']}/undo", moderator={"key": "petra"})


def report(site: Site) -> None:
    reporter = {"key": f"leser-{site._block()}-1"}
    path = f"/v1/comments/{site.some(State.APPROVED)}/reports"
    site.call("POST", path, reporter=reporter, reason="spam")


def edit_and_withdraw(site: Site) -> None:
    path = f"/v1/comments/{site.some(State.APPROVED)}"
    site.call("PATCH", path, body="Anders gesagt.")
    site.call("DELETE", path)


def claim(site: Site) -> None:
    site.call("POST", "/v1/review/claims", limit=20, moderator={"key": "paul"})


def flag_what_failed(site: Site) -> None:
    database = site.context.database
    batch = leases.take(database, Lane.COMMENTS, new_id(), BATCH)
    assert batch
    storing.store_failure(database, batch, "a test")


def erase(site: Site) -> None:
    site.call("DELETE", "/v1/members/stammgast-2")
    carry_out_erasures(site.context.database)


def deliver(site: Site) -> None:
    database = site.context.database
    leased = next(one for one in leasing.lease_endpoints(database, 10) if one.site_id == site.site)
    first = rounds.next_round(database, SecretBox(SECRET_KEY), leased, ())
    assert first
    assert len(first.messages) == rounds.ROUND
    done = [
        Done(first.url, message, Attempt(Refused(500) if place else Delivered(204), 0.1))
        for place, message in enumerate(first.messages)
    ]
    assert rounds.next_round(database, SecretBox(SECRET_KEY), leased, done)
    leasing.give_back(database, leased)


def look_at_deliveries(site: Site) -> None:
    (endpoint,) = site.call("GET", "/v1/webhooks")["items"]
    path = f"/v1/webhooks/{endpoint['id']}"
    page = site.call("GET", f"{path}/deliveries?outcome=delivered")
    site.call("GET", f"{path}/deliveries?after={page['next']}&outcome=delivered")
    event = page["items"][0]
    assert site.call("GET", f"{path}/deliveries?event={event['event']}")["items"]
    site.call("POST", f"{path}/deliveries/{event['id']}/redeliver")
    site.call("POST", f"{path}/redeliver")


def wait(site: Site) -> None:
    find_decided(site.context.database, [site.find() for _ in range(50)])
    find_positions_with_news(site.context.database, [(site.site, 0)])


WORK: dict[str, Callable[[Site], object]] = {
    "post": post,
    "decide and undo": decide_and_undo,
    "report": report,
    "edit and withdraw": edit_and_withdraw,
    "claim": claim,
    "flag what failed": flag_what_failed,
    "erase": erase,
    "wait": wait,
    "deliver": deliver,
    "look at deliveries": look_at_deliveries,
    "readiness": lambda site: site.client.get("/readyz"),
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_nothing_else_grows(site: Site, work: Callable[[Site], object]) -> None:
    assert faults(site.plans(lambda: work(site))) == []


def test_a_scan_would_be_noticed(site: Site) -> None:
    def count_all() -> None:
        with site.context.database.read() as session:
            session.exec(select(Comment).where(col(Comment.lane) == 1).limit(1)).all()

    def sort_a_site() -> None:
        with site.context.database.read() as session:
            query = select(Comment).where(col(Comment.site_id) == site.site)
            session.exec(query.order_by(col(Comment.created_at)).limit(1)).all()

    assert len(faults(site.plans(count_all))) == 1
    assert len(faults(site.plans(sort_a_site))) == 1
