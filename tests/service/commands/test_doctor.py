"""`netiquette doctor`, on databases and a broker of its own."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from service import clock
from service.db import Database
from service.domain.events import EventType
from service.embedded import folder
from service.embedded.valkey import Broker
from service.secret_box import SecretBox
from service.settings import settings
from service.tables import Event, Scorer, Site
from service.testing.rows import add_site
from tests.service.commands.conftest import Run
from tests.support.stack import Valkey

SECRET = "GEHEIM-" * 5
Doctor = Callable[..., dict[str, str]]


@pytest.fixture
def doctor(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Return what runs it, and gives its lines by check; `code` is the exit code."""
    var = tmp_path / "state"
    var.mkdir(mode=0o700)
    monkeypatch.setenv("NETIQUETTE_VAR_DIR", str(var))

    def invoke(code: int = 0, **variables: str) -> dict[str, str]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        result = run("doctor", code=code)
        assert "GEHEIM" not in result.output
        lines = result.stdout.splitlines()
        assert any(line.startswith("WRONG") for line in lines) is bool(code)
        return {line[7:17].strip(): line for line in lines}

    return invoke


@pytest.fixture(autouse=True)
def _service_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the check of the model, which is the workers'."""
    monkeypatch.setattr("service.doctor.more.registered", [])


def heard(database: Database) -> None:
    now = clock.now()
    with database.write() as session:
        session.add(Scorer(id="host:1", model="0" * 64, started_at=now, seen_at=now))


def test_all_is_well(doctor: Doctor, database: Database, valkey: Valkey) -> None:
    heard(database)
    found = doctor(NETIQUETTE_REDIS_URL=valkey.url)
    expected = {"settings", "folder", "broker", "database", "schema", "clock", "secret key"}
    assert found.keys() >= expected | {"scoring"}
    assert ("disk" in found) is database.is_sqlite


def test_a_dead_broker_and_no_worker(doctor: Doctor) -> None:
    found = doctor(1, NETIQUETTE_REDIS_URL="redis://:GEHEIM@127.0.0.1:1/0")
    assert found["broker"].startswith("WRONG")
    assert "netiquette up" in found["broker"]
    assert "netiquette worker score" in found["scoring"]
    assert found["database"].startswith("ok")


def test_no_database(doctor: Doctor, tmp_path: Path) -> None:
    missing = tmp_path / "typo.db"
    found = doctor(1, NETIQUETTE_DATABASE_URL=f"sqlite:///{missing}")
    assert f"no database at {missing}" in found["database"]
    assert "schema" not in found
    assert not missing.exists()


def test_no_tables(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    found = doctor(1, NETIQUETTE_DATABASE_URL=f"sqlite:///{tmp_path / 'empty.db'}")
    assert "netiquette migrate" in found["schema"]


def test_no_server(doctor: Doctor) -> None:
    address = "postgresql+psycopg://user:GEHEIM@127.0.0.1:1/none"
    assert doctor(1, NETIQUETTE_DATABASE_URL=address)["database"].startswith("WRONG")


def test_bad_settings(doctor: Doctor) -> None:
    found = doctor(1, NETIQUETTE_SECRET_KEY="GEHEIM", NETIQUETTE_REDIS_URL="amqp://GEHEIM")
    assert list(found) == ["settings"]


def test_another_key_than_the_secrets_were_encrypted_with(
    doctor: Doctor, database: Database
) -> None:
    site_id = add_site(database).site_id
    with database.write() as session:
        session.get_one(Site, site_id).coral_secret = SecretBox(SecretStr(SECRET)).encrypt("x")
    assert "Set NETIQUETTE_SECRET_KEY" in doctor(1)["secret key"]
    assert "another key" in doctor(1, NETIQUETTE_SECRET_KEY="other-" * 6)["secret key"]
    assert doctor(1, NETIQUETTE_SECRET_KEY=SECRET)["secret key"].startswith("ok")


def test_the_broker_of_up_is_known_while_it_runs(
    doctor: Doctor, tmp_path: Path, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NETIQUETTE_DATABASE_URL")
    var = tmp_path / "state"
    Broker(port=int(valkey.url.rpartition(":")[2].partition("/")[0]), password="x").spec(var)
    with folder.locked(var, "http://127.0.0.1:1"):
        found = doctor(1, NETIQUETTE_REDIS_URL="redis://127.0.0.1:1/0")
    assert "that of `netiquette up`" in found["broker"]
    assert "ConnectionError" in doctor(1)["broker"]


def test_a_clock_that_was_set_back(doctor: Doctor, database: Database) -> None:
    site_id = add_site(database).site_id
    actual = clock.now()
    with database.write() as session:
        session.add(
            Event(
                site_id=site_id,
                type=EventType.WEBHOOK_DISABLED,
                facts={},
                due_at=actual,
                created_at=actual,
            )
        )
    clock.set_source(lambda: actual - timedelta(minutes=5))
    try:
        found = doctor(1)
    finally:
        clock.set_source(None)
    assert "300 s ahead of this machine" in found["clock"]


def test_a_folder_that_is_open_to_others(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "state").chmod(0o750)
    assert "chmod 700" in doctor(1)["folder"]
