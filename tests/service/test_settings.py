from pathlib import Path

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
