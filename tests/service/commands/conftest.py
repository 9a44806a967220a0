"""The command `netiquette` on a database of the test's own."""

from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from service.cli import commands
from service.settings import settings

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("NETIQUETTE_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    settings.cache_clear()

    def invoke(*arguments: str, code: int = 0, typed: str | None = None) -> Result:
        result = CliRunner().invoke(commands, arguments, input=typed)
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture(autouse=True)
def _forget_settings() -> Iterator[None]:
    yield
    settings.cache_clear()
