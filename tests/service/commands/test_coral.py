"""`netiquette coral`: connecting sites, on a database of their own."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import select

from service.db import Database
from service.embedded.folder import secret_key
from service.secret_box import SecretBox
from service.settings import settings
from service.tables import Site
from tests.service.commands.conftest import Run

KEY = "installation-" * 3


@pytest.fixture(autouse=True)
def _site(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NETIQUETTE_VAR_DIR", str(tmp_path))
    run("site", "create", "zeitung", "--name", "Die Zeitung")


def stored(database: Database) -> str | None:
    with database.read() as session:
        return session.exec(select(Site)).one().coral_secret


def test_a_secret_is_kept_encrypted_replaced_and_forgotten(
    run: Run, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETIQUETTE_SECRET_KEY", KEY)
    settings.cache_clear()
    for secret in ("first", "second"):
        shown = run("coral", "connect", "--site", "zeitung", typed=f"{secret}\n").stdout
        assert "/v1/integrations/coral/zeitung" in shown
        assert secret not in shown
        found = stored(database)
        assert found
        assert SecretBox(SecretStr(KEY)).decrypt(found) == secret
    run("coral", "disconnect", "--site", "zeitung")
    assert stored(database) is None


def test_the_embedded_default_has_a_key_of_its_own(
    run: Run, database: Database, tmp_path: Path
) -> None:
    refused = run("coral", "connect", "--site", "zeitung", code=1, typed="geheim\n")
    assert "NETIQUETTE_SECRET_KEY" in refused.stderr
    key = secret_key(tmp_path)
    if database.is_sqlite:
        run("coral", "connect", "--site", "zeitung", typed="geheim\n")
        assert SecretBox(SecretStr(key)).decrypt(stored(database) or "") == "geheim"
    else:
        # The processes on another database know nothing of that key.
        run("coral", "connect", "--site", "zeitung", code=1, typed="geheim\n")


def test_blank_secrets_and_unknown_sites_are_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETIQUETTE_SECRET_KEY", KEY)
    settings.cache_clear()
    for blank in (" \n", ""):
        refused = run("coral", "connect", "--site", "zeitung", code=2, typed=blank)
        assert "standard input" in refused.stderr
    run("coral", "connect", "--site", "nirgends", code=1, typed="x\n")


def test_a_secret_is_no_argument(run: Run) -> None:
    run("coral", "connect", "--site", "zeitung", "--secret", "geheim", code=2)
