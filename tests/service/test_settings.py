from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from service.settings import Settings


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
    monkeypatch.setenv("NETIQUETTE_DATABASE_URL", "sqlite:///other.db")
    assert Contained().database_url == "sqlite:///other.db"


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
