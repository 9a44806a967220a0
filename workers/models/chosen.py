"""Which model scores: the one that an operator chose, or else the one that the settings name.

The choice lies in the database, where all workers see it: they take it up between two
batches, see `workers.scoring.child`.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import inspect
from sqlmodel import col, select

from service import clock
from service.db import Database
from service.settings import Settings
from service.tables import SCORER_SILENT_AFTER, ActiveModel, Scorer
from workers.models.registry import Model


@dataclass(frozen=True)
class Chosen:
    """The model that shall score."""

    name: str
    """As `workers.models.registry.find` takes it."""
    identity: str | None = None
    """SHA-256 of its manifest; None where only the settings name it."""
    at: datetime | None = None
    """When it was chosen, since one may be chosen again."""


def read(database: Database, settings: Settings) -> Chosen:
    """Return the choice; raises SQLAlchemyError."""
    with database.read() as session:
        row = session.get(ActiveModel, 1)
    return Chosen(row.name, row.model, row.chosen_at) if row else Chosen(settings.model)


def read_anywhere(settings: Settings) -> Chosen:
    """Return the choice, also where no database has been made yet; raises SQLAlchemyError."""
    database = Database(settings.database_url)
    try:
        # SQLite would make the file.
        missing = database.file is not None and not database.file.exists()
        if missing or not inspect(database.engine).has_table(ActiveModel.__tablename__):
            return Chosen(settings.model)
        return read(database, settings)
    finally:
        database.dispose()


def apply_to(settings: Settings) -> Settings:
    """Return the settings with the chosen model in them; raises SQLAlchemyError."""
    return settings.model_copy(update={"model": read_anywhere(settings).name})


def choose(database: Database, name: str, model: Model) -> None:
    """Let a model score from now on; raises SQLAlchemyError."""
    with database.write() as session:
        session.merge(ActiveModel(id=1, name=name, model=model.identity))


def scorers(database: Database) -> Counter[str]:
    """Return how many living scorers have loaded which model, by identity."""
    with database.read() as session:
        living = col(Scorer.seen_at) >= clock.now() - SCORER_SILENT_AFTER
        return Counter(session.exec(select(Scorer.model).where(living)))
