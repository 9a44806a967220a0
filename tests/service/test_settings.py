from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from service import folders
from service.settings import BadSettings, Settings, settings


def test_a_lease_outlives_the_time_limit() -> None:
    assert Settings(time_limit=9, lease_seconds=10).lease_seconds == 10
    with pytest.raises(ValidationError, match="lease_seconds"):
        Settings(time_limit=10, lease_seconds=10)


def test_a_secret_is_read_from_a_file_unless_the_environment_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NETIQUETTE_DATABASE_URL", raising=False)
    (tmp_path / "netiquette_database_url").write_text("postgresql+psycopg://u:p@db/n\n")

    class Contained(Settings):
        model_config = SettingsConfigDict(secrets_dir=tmp_path)

    assert Contained().database_url == "postgresql+psycopg://u:p@db/n"
    monkeypatch.setenv("NETIQUETTE_DATABASE_URL", "sqlite:////srv/other.db")
    assert Contained().database_url == "sqlite:////srv/other.db"


@pytest.mark.parametrize("name", ["key_rate", "member_rate", "report_rate"])
@pytest.mark.parametrize("rate", ["", "many", "20", "20/fortnight", "-1/second", "1.5/second"])
def test_what_is_no_rate_is_refused_at_the_start(name: str, rate: str) -> None:
    given: dict[str, Any] = {name: rate}
    with pytest.raises(ValidationError, match="20/minute"):
        Settings(**given)


@pytest.mark.parametrize("rate", ["20/minute", "100 per second", "5/10 minutes"])
def test_rates(rate: str) -> None:
    assert Settings(key_rate=rate).key_rate == rate


@pytest.mark.parametrize("url", ["amqp://u:GEHEIM@host//", "GEHEIM", "http://u:GEHEIM@host"])
def test_only_redis_is_a_broker_and_no_password_is_told(url: str) -> None:
    with pytest.raises(ValidationError, match="redis_url") as caught:
        Settings(redis_url=url)
    assert "GEHEIM" not in str(caught.value)
    assert Settings(redis_url="rediss://:x@host:6380/1").redis_url.startswith("rediss:")


def test_webhook_networks_are_given_by_commas() -> None:
    given = Settings(webhook_networks="10.1.0.0/16, ::1/128")
    assert [str(network) for network in given.webhook_networks] == ["10.1.0.0/16", "::1/128"]
    with pytest.raises(ValidationError, match="webhook_networks"):
        Settings(webhook_networks="10.1.0.1/16")


def test_a_short_secret_key_is_refused_and_not_told() -> None:
    with pytest.raises(ValidationError, match="secret_key") as caught:
        Settings(secret_key="GEHEIM" * 5)
    assert "GEHEIM" not in str(caught.value)


def test_paths_never_count_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    base = Path(__file__).parents[2]
    found = Settings()
    assert found.var_dir == base / "var"
    assert found.models_dir == base / ".cache" / "models"
    assert found.database_url == f"sqlite:///{base}/var/netiquette.db"
    assert found.model == "netiquette-de-en"
    given = Settings(
        var_dir=Path("mine"), database_url="sqlite:///mine/a.db?timeout=9", model="mine/model"
    )
    assert given.var_dir == base / "mine"
    assert given.database_url == f"sqlite:///{base}/mine/a.db?timeout=9"
    assert given.model == str(base / "mine" / "model")


def test_the_database_follows_the_folder_unless_it_is_named(tmp_path: Path) -> None:
    found = Settings(var_dir=tmp_path)
    assert found.database_url == f"sqlite:///{tmp_path}/netiquette.db"
    assert found.is_embedded
    other = Settings(var_dir=tmp_path, database_url="postgresql+psycopg://db/n")
    assert other.database_url == "postgresql+psycopg://db/n"
    assert not other.is_embedded


def test_without_a_checkout_the_state_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "CHECKOUT", tmp_path / "site-packages")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    found = Settings()
    assert found.var_dir == tmp_path / "data" / "netiquette" / "var"
    assert found.models_dir == tmp_path / "data" / "netiquette" / ".cache" / "models"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?uri=true"])
def test_a_database_without_a_path_stays_as_it_is(url: str) -> None:
    assert Settings(database_url=url).database_url == url


def test_what_is_wrong_is_told_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETIQUETTE_DATABASE_URL", "GEHEIM")
    monkeypatch.setenv("NETIQUETTE_SECRET_KEY", "GEHEIM")
    monkeypatch.setenv("NETIQUETTE_LEASE_SECONDS", "-1")
    settings.cache_clear()
    with pytest.raises(BadSettings) as caught:
        settings()
    told = str(caught.value)
    assert [line.partition(":")[0] for line in told.splitlines()] == [
        "NETIQUETTE_DATABASE_URL",
        "NETIQUETTE_LEASE_SECONDS",
        "NETIQUETTE_SECRET_KEY",
    ]
    assert "is no URL of a database" in told
    assert "GEHEIM" not in told
