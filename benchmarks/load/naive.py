"""What the tutorials of FastAPI, SQLModel and Celery make of it: the yardstick of the benchmark.

Insert, commit, `.delay`. No key, no limits, no idempotency, no events, and a comment
whose message is lost is never scored.
"""

import os
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import uvicorn
from celery import Celery
from fastapi import Depends, FastAPI
from sqlalchemy import event
from sqlmodel import Field, Session, SQLModel, create_engine

# As the service sets them.
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
    "busy_timeout=30000",
)

engine = create_engine(os.environ["NAIVE_DATABASE_URL"])
celery = Celery("naive", broker=os.environ["NAIVE_REDIS_URL"])
app = FastAPI()


class CommentCreate(SQLModel):
    """What a client sends."""

    thread: str
    member: str
    body: str


class Comment(CommentCreate, table=True):
    """A comment."""

    id: int | None = Field(default=None, primary_key=True)
    state: str = "pending"
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


@event.listens_for(engine, "connect")
def set_pragmas(connection: Any, _record: Any) -> None:
    """Make SQLite as safe as the service has it."""
    if isinstance(connection, sqlite3.Connection):
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")


@celery.task(ignore_result=True)  # type: ignore[untyped-decorator]  # Celery ships no types
def score(comment_id: int) -> None:
    """Stand for the scoring; no worker runs while accepting is measured."""


def get_session() -> Iterator[Session]:
    """Give a session."""
    with Session(engine) as session:
        yield session


@app.post("/comments", status_code=202)
def post_comment(
    comment: CommentCreate, session: Annotated[Session, Depends(get_session)]
) -> Comment:
    """Keep a comment and have it scored."""
    kept = Comment.model_validate(comment)
    session.add(kept)
    session.commit()
    session.refresh(kept)
    assert kept.id is not None
    score.delay(kept.id)
    return kept


if __name__ == "__main__":
    SQLModel.metadata.create_all(engine)
    uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False)
