"""Checks whether comments can be accepted, and which other parts have trouble."""

import os
import shutil
from pathlib import Path
from typing import Literal

import redis
from pydantic import BaseModel
from redis.exceptions import RedisError
from sqlalchemy import false
from sqlmodel import Session, select

from service import clock
from service.errors import Unavailable
from service.events.retention import is_held
from service.health.scorers import is_silent, last_seen
from service.http.context import Context
from service.tables import Comment
from service.tables.queues import oldest_pending

REDIS_TIMEOUT = 0.5

ROOM = 1024 * 1024
"""Free bytes on disk that SQLite needs; with less, only a few more comments might fit."""

Trouble = Literal["redis", "scoring", "stale_pending", "retention"]


class Readiness(BaseModel):
    """The state of the service; it is `starting` until a scoring worker is first seen."""

    status: Literal["ready", "starting"]
    degraded: list[Trouble]
    oldest_pending_seconds: int


def check_readiness(context: Context) -> Readiness:
    """Check the database, the workers' heartbeats and Redis.

    Raises what the database raises when it cannot be reached, is damaged or read-only, and
    Unavailable when its disk has no room: then no comment can be accepted. Everything else
    only degrades, once a scorer has been seen.
    """
    _check_room(context.database.file)
    context.database.probe()
    with context.database.read() as session:
        if not context.database.is_sqlite:
            # Postgres refuses to lock even no row where it is read-only (SQLSTATE 25006).
            session.exec(select(Comment.id).where(false()).with_for_update())
        seen = last_seen(session)
        age = _oldest_pending(session)
        held = is_held(session)
    degraded: list[Trouble] = []
    if not _redis_answers(context.settings.redis_url):
        degraded.append("redis")
    if is_silent(seen):
        degraded.append("scoring")
    if age > context.settings.stale_seconds:
        degraded.append("stale_pending")
    if held:
        degraded.append("retention")
    if seen:
        context.scorer_seen.set()
    return Readiness(
        status="ready" if context.scorer_seen.is_set() else "starting",
        degraded=degraded,
        oldest_pending_seconds=age,
    )


def _check_room(file: Path | None) -> None:
    """Raise Unavailable if the SQLite file's disk is full or the file is read-only.

    Postgres is not asked about its disk: each comment that it cannot keep is answered
    with 503 anyway.
    """
    if file is None or not file.exists():
        return
    if not os.access(file, os.W_OK) or shutil.disk_usage(file.parent).free < ROOM:
        raise Unavailable(
            "The database cannot be written to: its disk is full or read-only. Tell the operator."
        )


def _oldest_pending(session: Session) -> int:
    """Return how many seconds the oldest pending comment of all sites has been pending."""
    since = session.exec(oldest_pending()).one()
    return max(0, int((clock.now() - since).total_seconds())) if since else 0


def _redis_answers(url: str) -> bool:
    client = redis.Redis.from_url(
        url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT
    )
    try:
        return bool(client.ping())
    except RedisError:
        return False
    finally:
        client.close()
