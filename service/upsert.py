"""Find threads, members and moderators by the site's own keys, or make them."""

from collections.abc import Collection, Iterable
from functools import cache
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from service.tables import Member, Moderator, Thread

Keyed = TypeVar("Keyed", Thread, Member, Moderator)


def find_or_make(
    session: Session, table: type[Keyed], site_id: UUID, keys: Iterable[str]
) -> dict[str, Keyed]:
    """Return the site's rows with these keys, by key; add those that are missing."""
    wanted = set(keys)
    found = find(session, table, site_id, wanted)
    return found | make(session, table, site_id, wanted - found.keys())


def find(
    session: Session, table: type[Keyed], site_id: UUID, keys: Collection[str]
) -> dict[str, Keyed]:
    """Return the existing rows with these keys, by key, locked until the commit."""
    if not keys:
        return {}
    found = session.scalars(_query(table), {"site_id": site_id, "keys": sorted(keys)})
    return {row.key: row for row in found}


@cache
def _query(table: type[Keyed]) -> Select[Keyed]:
    """Return the query for a site's rows by their keys. It is cached, since it is used so often."""
    # KEY SHARE is the lock of the foreign keys that follow. A caller that waits here for an
    # erasure evaluates the query again, and no longer finds the erased member by its old key.
    return (
        select(table)
        .where(
            col(table.site_id) == bindparam("site_id"),
            col(table.key).in_(bindparam("keys", expanding=True)),
        )
        .with_for_update(read=True, key_share=True)
    )


def make(
    session: Session, table: type[Keyed], site_id: UUID, keys: Collection[str]
) -> dict[str, Keyed]:
    """Add rows with these keys, and return them by key.

    Concurrent callers never fail: the second one gets the row of the first. Keys are inserted
    in order, so that two callers cannot wait for each other.
    """
    if not keys:
        return {}
    rows = [table(site_id=site_id, key=key).model_dump() for key in sorted(keys)]
    is_postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if is_postgres else sqlite.insert
    session.execute(insert(table).values(rows).on_conflict_do_nothing())
    return find(session, table, site_id, keys)
