"""What tutorials make of webhooks: one Celery task per delivery, with a fresh client.

No order, no memory of failures, no guard. The payload lies ready in a table, which
spares it the queries that composing takes.
"""

import json
import os
import sys
import time

import httpx2
from celery import Celery
from sqlalchemy import event as sqlalchemy_event
from sqlmodel import Field, Session, SQLModel, create_engine
from standardwebhooks import Webhook

from benchmarks.load.naive import PRAGMAS
from service import clock
from service.webhooks.secrets import new_secret

engine = create_engine(os.environ["NAIVE_DATABASE_URL"])
celery = Celery("naive", broker=os.environ["NAIVE_REDIS_URL"])


class Sending(SQLModel, table=True):
    """A payload that is to be sent somewhere."""

    id: int | None = Field(default=None, primary_key=True)
    url: str
    secret: str
    payload: str
    status: int | None = None
    duration: float | None = None


if engine.dialect.name == "sqlite":

    @sqlalchemy_event.listens_for(engine, "connect")
    def set_pragmas(connection: object, _record: object) -> None:
        """Make SQLite as safe as the service has it."""
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]  # an sqlite3.Connection


@celery.task(name="deliver", ignore_result=True)  # type: ignore[untyped-decorator]  # Celery ships no types
def deliver(sending_id: int) -> None:
    """Send one payload, and keep what came of it."""
    with Session(engine) as session:
        sending = session.get_one(Sending, sending_id)
        now = clock.now()
        began = time.monotonic()
        with httpx2.Client(timeout=15, trust_env=False) as client:
            answer = client.post(
                sending.url,
                content=sending.payload,
                headers={
                    "content-type": "application/json",
                    "webhook-id": str(sending.id),
                    "webhook-timestamp": str(int(now.timestamp())),
                    "webhook-signature": Webhook(sending.secret).sign(
                        str(sending.id), now, sending.payload
                    ),
                },
            )
        sending.status, sending.duration = answer.status_code, time.monotonic() - began
        session.commit()


def fill(port: int, endpoints: int, events: int) -> None:
    """Have so many events sent to each of so many endpoints of the receiver on this port."""
    SQLModel.metadata.create_all(engine)
    payload = json.dumps({"type": "comment.approved", "data": {"filler": "x" * 420}})
    with Session(engine) as session:
        sendings = [
            Sending(url=f"http://127.0.0.1:{port}/ok/{place}", secret=new_secret(), payload=payload)
            for place in range(endpoints)
            for _ in range(events)
        ]
        session.add_all(sendings)
        session.commit()
        ids = [sending.id for sending in sendings]
    for sending_id in ids:
        deliver.delay(sending_id)


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(*map(int, sys.argv[2:]))
    else:
        celery.worker_main(["worker", "--loglevel=CRITICAL"])
