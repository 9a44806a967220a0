"""Generated clients post, wait, edit and decide against the running service.

The first run takes about 30 s to install the generators and to generate; the next ones find it
all in .cache, until the document changes.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from service.testing.backend import Backend, ServedApi
from tests.clients import generating
from tests.docs.node import NODE
from tests.support.deciding import deciding_on
from tests.support.installation import DEAD_PORT

DONE = {
    "posted": [200, "approved"],
    "applied": "wait=10",
    "edited": ["flagged", 2, "over_threshold"],
    "thread": [False, "Radweg"],
    "risk": 0.9,
    "outdated": "urn:netiquette:problem:outdated",
    "decided": ["flagged", "rejected", "Petra"],
    "batch": 1,
    "judged": 2,
}


@pytest.fixture
def environment(migrated_sqlite: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give the environment that tells a client where a running service is."""
    shutil.copy(migrated_sqlite, tmp_path / "netiquette.db")
    app = create_app(
        Settings(database_url=f"sqlite:///{tmp_path}/netiquette.db", redis_url=DEAD_PORT)
    )
    database = app.state.context.database
    backend = Backend.of_new_site(TestClient(app), database)
    models = tmp_path / "models"
    models.mkdir()
    with ServedApi(app, backend) as api, deciding_on(database, models):
        yield os.environ | {"NETIQUETTE_URL": api.url, "NETIQUETTE_KEY": backend.token}


def told(command: list[str], folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Run a program, and return what it told in JSON."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_python_client_posts_waits_edits_and_decides(environment: dict[str, str]) -> None:
    python, folder = generating.python_client()
    environment |= {"PYTHONPATH": str(folder)}
    program = str(generating.HERE / "client.py")
    assert told([str(python), program], folder, environment) == DONE


def test_a_typescript_client_posts_waits_edits_and_decides(environment: dict[str, str]) -> None:
    folder = generating.typescript_client()
    done = told([str(NODE), generating.PROGRAM], folder, environment)
    assert done == DONE | {"thread": [False, "Der Radweg"]}
