"""Read and set which model scores: the one an operator chose, or else the one of the settings.

The choice is in the database, where all workers see it. They load the new model between two
batches (see `workers.scoring.child`).
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
    """The model that is chosen to score."""

    name: str
    """Name or path of the model, for `workers.models.registry.find`."""
    identity: str | None = None
    """SHA-256 identity of the model; None where only the settings name it."""
    at: datetime | None = None
    """When it was chosen. It tells a second choice of the same model from the first."""


def read(database: Database, settings: Settings) -> Chosen:
    """Return the chosen model; raises SQLAlchemyError."""
    with database.read() as session:
        row = session.get(ActiveModel, 1)
    return Chosen(row.name, row.model, row.chosen_at) if row else Chosen(settings.model)


def read_anywhere(settings: Settings) -> Chosen:
    """Return the chosen model, also where no database exists yet; raises SQLAlchemyError."""
    database = Database(settings.database_url)
    try:
        # Checked first, since SQLite would make a missing file.
        missing = database.file is not None and not database.file.exists()
        if missing or not inspect(database.engine).has_table(ActiveModel.__tablename__):
            return Chosen(settings.model)
        return read(database, settings)
    finally:
        database.dispose()


def apply_to(settings: Settings) -> Settings:
    """Return the settings with the name of the chosen model; raises SQLAlchemyError."""
    return settings.model_copy(update={"model": read_anywhere(settings).name})


def choose(database: Database, name: str, model: Model) -> None:
    """Store that this model scores from now on; raises SQLAlchemyError."""
    with database.write() as session:
        session.merge(ActiveModel(id=1, name=name, model=model.identity))


def scorers(database: Database) -> Counter[str]:
    """Return the number of living scorers that have loaded each model, by its identity."""
    with database.read() as session:
        living = col(Scorer.seen_at) >= clock.now() - SCORER_SILENT_AFTER
        return Counter(session.exec(select(Scorer.model).where(living)))
