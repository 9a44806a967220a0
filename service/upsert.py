"""Find-or-make by the site's own key, the same on SQLite and Postgres."""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from service.tables import Member, Moderator, Thread

Keyed = TypeVar("Keyed", Thread, Member, Moderator)


def find_or_make(
    session: Session, table: type[Keyed], site_id: UUID, keys: Iterable[str]
) -> dict[str, Keyed]:
    """Return the site's rows with these keys, by key; missing ones are added.

    Concurrent callers never fail: whoever comes second takes the first one's row.
    Keys are inserted in order, so that two callers cannot wait for each other.
    """
    wanted = sorted(keys)
    # KEY SHARE, as the foreign keys of what is going to be added: who waits here for an
    # erasure looks again, and does not find the member that it was.
    query = (
        select(table)
        .where(col(table.site_id) == site_id, col(table.key).in_(wanted))
        .with_for_update(read=True, key_share=True)
    )
    found = {row.key: row for row in session.exec(query)}
    missing = [table(site_id=site_id, key=key).model_dump() for key in wanted if key not in found]
    if missing:
        is_postgres = session.get_bind().dialect.name == "postgresql"
        insert = postgresql.insert if is_postgres else sqlite.insert
        session.execute(insert(table).values(missing).on_conflict_do_nothing())
        found = {row.key: row for row in session.exec(query)}
    return found
