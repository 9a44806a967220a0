"""Every query on a site's rows names the site (invariant 7), watched while the API works."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import BinaryExpression, BindParameter
from sqlalchemy.sql.schema import Column, Table
from sqlmodel import Session, SQLModel

from service.domain.states import State
from service.ids import new_id
from service.testing.backend import Backend
from tests.contracts.calls import KEY, OPERATIONS, send

NOBODY = new_id()

OF_A_SITE = {table for table in SQLModel.metadata.tables.values() if "site_id" in table.c}


def names_its_site(statement: Any) -> bool:
    """Tell whether a comparison with a given value pins a site_id."""
    return any(
        isinstance(node, BinaryExpression)
        and isinstance(node.left, Column)
        and node.left.name == "site_id"
        and isinstance(node.right, BindParameter)
        for node in visitors.iterate(statement)
    )


def tables_of(statement: Any) -> set[Table]:
    found = {node for node in visitors.iterate(statement) if isinstance(node, Table)}
    columns = (node for node in visitors.iterate(statement) if isinstance(node, Column))
    return (found | {column.table for column in columns}) & OF_A_SITE


def is_allowed(statement: Any, tables: set[Table]) -> bool:
    """Tell whether the query may ask across sites: it ends in a key, an age, or known ids."""
    text, names = str(statement), {table.name for table in tables}
    return (
        # which site a key belongs to
        (names == {"site_key"} and "site_key.prefix =" in text)
        # readiness: whether rows could be locked, but no row
        or (names == {"comment"} and text.endswith("WHERE false FOR UPDATE"))
        # readiness: the age of the oldest pending comment, but no row
        or (names == {"comment"} and text.startswith("SELECT min(anon_1.since)"))
        # waiting callers: the ids of what their own requests made
        or (names == {"comment"} and text.startswith("SELECT comment.id \n") and " IN " in text)
    )


@pytest.fixture
def unscoped() -> Iterator[list[str]]:
    """Collect the queries of this test that name no site."""
    found: list[str] = []

    def watch(state: ORMExecuteState) -> None:
        # An INSERT carries its site; the loads add to a row that a scoped query found.
        if state.is_insert or state.is_column_load or state.is_relationship_load:
            return
        statement = state.statement
        tables = tables_of(statement)
        if tables and not names_its_site(statement) and not is_allowed(statement, tables):
            found.append(str(statement))

    event.listen(Session, "do_orm_execute", watch)
    yield found
    event.remove(Session, "do_orm_execute", watch)


def accept(site: Backend) -> None:
    parent = site.comment(external_id="1")
    site.post({"Idempotency-Key": "k"}, parent_id=parent["id"])
    site.post({"Idempotency-Key": "k"}, parent_id=parent["id"])
    site.comment(external_id="2", member={"key": "paul", "name": "Paul"})
    site.post(external_id="1")
    site.call("POST", "/v1/comments/batch", json={"comments": [{}]})


def edit_and_withdraw(site: Backend) -> None:
    path = f"/v1/comments/{site.comment()['id']}"
    site.call("PATCH", path, json={"body": "Neu"})
    site.call("GET", path)
    site.call("GET", path + "/history")
    site.call("DELETE", path)


def read_a_thread(site: Backend) -> None:
    site.comment()
    site.call("PATCH", "/v1/threads/artikel", json={"moderation": "post"})
    for audience in ("public", "members"):
        query = {"audience": audience, "member": "lena"}
        site.call("GET", "/v1/threads/artikel/comments", params=query)


def review(site: Backend) -> None:
    comment = site.comment()
    site.judge(comment["id"], State.FLAGGED)
    site.call("GET", "/v1/review/queue")
    site.decide(comment["id"], "approved")
    site.decide(comment["id"], "approved")
    site.call("GET", f"/v1/comments/{comment['id']}/history")


def webhooks(site: Backend) -> None:
    body = {"url": "https://cms.example.org/", "events": ["comment.approved"]}
    path = f"/v1/webhooks/{site.call('POST', '/v1/webhooks', json=body).json()['id']}"
    for more in ("", "/deliveries", "/deliveries?outcome=failed", f"/deliveries?event={NOBODY}"):
        assert site.call("GET", path + more).is_success
    for more in ("/rotate", "/test", "/redeliver", f"/deliveries/{NOBODY}/redeliver"):
        site.call("POST", path + more)
    site.call("PATCH", path, json={"enabled": False})
    site.call("PATCH", path, json={"enabled": True, "url": "https://example.org/"})
    site.call("GET", "/v1/webhooks")
    assert site.call("DELETE", path).is_success


def health(site: Backend) -> None:
    site.client.get("/readyz")


@pytest.mark.parametrize(
    "work", [accept, edit_and_withdraw, read_a_thread, review, webhooks, health]
)
def test_every_query_names_its_site(
    backend: Backend, unscoped: list[str], work: Callable[[Backend], None]
) -> None:
    work(backend)
    assert unscoped == []


def test_every_operation_names_its_site(backend: Backend, unscoped: list[str]) -> None:
    for operation in OPERATIONS:
        send(backend, operation, backend.comment(thread={"key": KEY})["id"], backend.token)
    assert unscoped == []


def test_the_watch_sees_what_it_is_for(backend: Backend, unscoped: list[str]) -> None:
    from sqlmodel import col, select, update

    from service.tables import Comment, Member

    with backend.database.read() as session:
        session.exec(select(Comment).where(col(Comment.id) == backend.rows.site_id)).all()
        session.exec(select(Member, Comment).where(Member.site_id == Comment.site_id)).all()
        session.exec(select(Member).where(col(Member.site_id) == backend.rows.site_id)).all()
        session.execute(
            update(Comment).where(col(Comment.id) == backend.rows.site_id).values(lane=1)
        )
    assert len(unscoped) == 3
