"""Number due events, site by site and in short transactions."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from service.db import Database
from service.events.sequencer import BATCH, number_due_events, sites_with_due_events

ROUNDS = 20
"""Most batches per site in one sweep. The next sweep goes on."""

log = structlog.get_logger(__name__)


def number_events(database: Database, now: datetime) -> None:
    """Give numbers to the due events of all sites, so that they can be read and sent."""
    with database.read() as session:
        sites = sites_with_due_events(session, now)
    for_each_site(
        database, sites, lambda session, site_id: number_due_events(session, site_id, now)
    )


def for_each_site(
    database: Database,
    sites: Iterable[UUID],
    work: Callable[[Session, UUID], int],
    rounds: int = ROUNDS,
) -> None:
    """Do the work on each site until a batch is not full, at most `rounds` times.

    An error on one site, such as a locked row, is logged, so that the other sites go on.
    """
    for site_id in sites:
        try:
            for _ in range(rounds):
                with database.write() as session:
                    done = work(session, site_id)
                if done < BATCH:
                    break
        except SQLAlchemyError as error:
            log.warning("events_left", site=str(site_id), error=type(error).__name__)
