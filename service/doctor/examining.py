"""Look at an installation, and change nothing."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import redis
from alembic.util import CommandError
from redis.exceptions import RedisError
from sqlalchemy import func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from service import clock, migrations
from service.db import Database
from service.doctor import findings, more
from service.doctor.findings import Finding
from service.embedded import folder
from service.embedded.valkey import Broker
from service.health.scorers import is_silent, last_seen
from service.secret_box import SecretBox, SecretUnreadableError
from service.settings import Settings
from service.tables import Endpoint, Event, Site

REDIS_TIMEOUT = 2.0


def examine(config: Settings, unusable: Callable[[SQLAlchemyError], str]) -> Iterator[Finding]:
    """Give the findings one by one; `unusable` says what is wrong with a database, and what to do.

    What depends on something that failed is left out.
    """
    yield Finding("settings", ok=True, text=f"models in {config.models_dir}")
    yield _folder(config.var_dir)
    yield from _disk(config)
    yield from _broker(config)
    yield from _database(config, unusable)
    for check in more.registered:
        yield check(config)


def _folder(var: Path) -> Finding:
    mode = var.stat().st_mode if var.exists() else None
    return findings.folder(var, mode, writable=os.access(var, os.W_OK | os.X_OK))


def _disk(config: Settings) -> Iterator[Finding]:
    file = Database(config.database_url).file
    if file:
        place = next(parent for parent in file.parents if parent.exists())
        yield findings.disk(place, shutil.disk_usage(place).free)


def _broker(config: Settings) -> Iterator[Finding]:
    runs = config.is_embedded and folder.is_locked(config.var_dir)
    broker = Broker.of(config.var_dir) if runs else None
    url = broker.url if broker else config.redis_url
    try:
        with redis.Redis.from_url(
            url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT
        ) as client:
            seconds, microseconds = client.time()
    except (RedisError, OSError, ValueError) as error:
        text = f"No broker answers ({type(error).__name__}). "
        text += "Start `netiquette up`, or Valkey and let NETIQUETTE_REDIS_URL name it."
        yield Finding("broker", ok=False, text=text)
        return
    yield Finding("broker", ok=True, text="that of `netiquette up`" if broker else "answers")
    told = datetime.fromtimestamp(seconds + microseconds / 1e6, UTC)
    yield findings.clock("the broker", told - clock.now())


def _database(config: Settings, unusable: Callable[[SQLAlchemyError], str]) -> Iterator[Finding]:
    database = Database(config.database_url)
    try:
        database.probe()
        revision = migrations.revision(database)
        yield Finding("database", ok=True, text=str(database.file or "Postgres answers"))
        yield findings.schema(revision, migrations.head(), known=_is_known(revision))
        if revision == migrations.head():
            with database.read() as session:
                yield from _rows(session, config, is_sqlite=database.is_sqlite)
    except SQLAlchemyError as error:
        yield Finding("database", ok=False, text=unusable(error))
    finally:
        database.dispose()


def _is_known(revision: str | None) -> bool:
    try:
        migrations.require(revision or "head")
    except CommandError:
        return False
    return True


def _rows(session: Session, config: Settings, *, is_sqlite: bool) -> Iterator[Finding]:
    now = clock.now()
    if is_sqlite:
        newest: datetime | None = session.exec(select(func.max(col(Event.created_at)))).one()
        if newest is not None and newest > now:
            yield findings.clock("the newest event in the database", newest - now)
    else:
        told = session.exec(select(func.clock_timestamp())).one()
        yield findings.clock("the database", told - now)
    yield _secret_key(session, config)
    seen = last_seen(session)
    yield findings.scoring(now - seen if seen else None, silent=is_silent(seen))


def _secret_key(session: Session, config: Settings) -> Finding:
    stored = [
        *session.exec(select(Endpoint.secret)),
        *session.exec(select(Site.coral_secret).where(col(Site.coral_secret).is_not(None))),
    ]
    key = folder.installation_key(config)
    if key is None:
        return findings.secret_key(len(stored), given=False, readable=False)
    box = SecretBox(key)
    try:
        for secret in stored:
            box.decrypt(secret or "")
    except SecretUnreadableError:
        return findings.secret_key(len(stored), given=True, readable=False)
    return findings.secret_key(len(stored), given=True, readable=True)
