"""Fixtures: a site, and scoring by an engine whose faults are called up by words."""

from pathlib import Path

import pytest

from service.db import Database
from service.domain.vocabulary import Lane
from service.settings import Settings
from service.testing.rows import SiteRows, add_site
from workers.scoring.batch import Scoring


@pytest.fixture
def rows(database: Database) -> SiteRows:
    """Return a site with a thread and a member."""
    return add_site(database)


@pytest.fixture
def nudged() -> list[Lane]:
    """Return the lanes that were nudged, in order."""
    return []


@pytest.fixture
def scoring(database: Database, nudged: list[Lane], tmp_path: Path) -> Scoring:
    """Return scoring without a broker."""
    (tmp_path / "fake").touch()
    settings = Settings(batch_size=3, models_dir=tmp_path)
    return Scoring(database, settings, nudged.append)
