"""`netiquette site` and `key`, on a database of their own."""

from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from service.auth.keys import find_caller
from service.cli import commands
from service.db import Database
from service.settings import settings
from service.tables import Policy, Site, SiteKey
from tests.service.commands.conftest import Run


def test_a_site_from_nothing_to_a_working_key(run: Run, database: Database) -> None:
    run("site", "create", "zeitung", "--name", "Die Zeitung")
    assert "Die Zeitung" in run("site", "list").stdout
    token = run("key", "create", "--site", "zeitung", "--scope", "review").stdout.strip()
    with database.read() as session:
        caller = find_caller(session, token)
        assert caller is not None
        assert set(caller.scopes) == {"review"}
        assert session.exec(select(Policy)).one().version == 1
        assert token not in str(session.exec(select(SiteKey)).one())
    listed = run("key", "list", "--site", "zeitung").stdout
    assert token[:11] in listed
    assert token not in listed
    run("key", "revoke", token[:11], "--site", "zeitung")
    with database.read() as session:
        assert find_caller(session, token) is None
    run("key", "revoke", token[:11], "--site", "zeitung")


def test_a_key_is_for_comments_unless_told_otherwise(run: Run, database: Database) -> None:
    run("site", "create", "zeitung", "--name", "Z")
    run("key", "create", "--site", "zeitung")
    with database.read() as session:
        assert session.exec(select(SiteKey)).one().scopes == ["comments"]


def test_sites_and_keys_have_a_main_language(run: Run, database: Database) -> None:
    run("site", "create", "zeitung", "--name", "Z")
    run("site", "create", "paper", "--name", "P", "--language", "en")
    tokens = [
        run("key", "create", "--site", *rest).stdout.strip()
        for rest in (("zeitung",), ("paper",), ("paper", "--language", "fr"))
    ]

    def found() -> list[str]:
        with database.read() as session:
            callers = [find_caller(session, token) for token in tokens]
        return [caller.language for caller in callers if caller]

    assert found() == ["de", "en", "fr"]
    run("site", "edit", "zeitung", "--language", "nl")
    run("site", "edit", "paper", "--language", "it")
    assert found() == ["nl", "it", "fr"]
    assert "nl" in run("site", "list").stdout.split()
    assert "fr" in run("key", "list", "--site", "paper").stdout.split()


def test_a_site_is_renamed_and_keeps_the_rest(run: Run) -> None:
    run("site", "create", "zeitung", "--name", "Alt", "--language", "nl")
    assert "Neu" in run("site", "edit", "zeitung", "--name", "Neu").stdout
    listed = run("site", "list").stdout.split()
    assert "Neu" in listed
    assert "nl" in listed
    assert "Alt" not in listed


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("site", "create", "ä", "--name", "x"), 2, "A-Z a-z"),
        (("site", "create", "zeitung", "--name", "x"), 1, "already"),
        (("site", "create", "blatt", "--name", "x", "--language", "deutsch"), 2, "such as de"),
        (("site", "edit", "blatt", "--language", "de"), 1, "no such site"),
        (("site", "edit", "zeitung", "--language", "und"), 2, "such as de"),
        (("site", "edit", "zeitung"), 2, "say what to change"),
        (("site", "edit", "zeitung", "--name", " "), 1, "1 to 200"),
        (("site", "create", "blatt", "--name", "x" * 201), 1, "1 to 200"),
        (("key", "create", "--site", "zeitung", "--language", "DE"), 2, "such as de"),
        (("key", "create", "--site", "blatt"), 1, "no such site"),
        (("key", "create", "--site", "zeitung", "--scope", "all"), 2, "all"),
        (("key", "revoke", "nq_12345678", "--site", "zeitung"), 1, "no key"),
    ],
)
def test_mistakes_are_told_in_a_line(
    run: Run, arguments: tuple[str, ...], code: int, told: str
) -> None:
    run("site", "create", "zeitung", "--name", "Z")
    result = run(*arguments, code=code)
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_a_key_of_another_site_is_not_revoked(run: Run, database: Database) -> None:
    run("site", "create", "zeitung", "--name", "Z")
    run("site", "create", "blatt", "--name", "B")
    token = run("key", "create", "--site", "zeitung").stdout.strip()
    run("key", "revoke", token[:11], "--site", "blatt", code=1)
    with database.read() as session:
        assert find_caller(session, token) is not None
        assert {site.key for site in session.exec(select(Site))} == {"zeitung", "blatt"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("site", "list"),
        ("site", "create", "x", "--name", "x"),
        ("key", "list", "--site", "x"),
        ("moderator", "list", "--site", "x"),
    ],
)
def test_where_there_is_no_database_nothing_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv("NETIQUETTE_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.delenv("NETIQUETTE_DATABASE_URL", raising=False)
    settings.cache_clear()
    result = CliRunner().invoke(commands, arguments)
    assert result.exit_code == 1
    assert f"no database at {tmp_path / 'var' / 'netiquette.db'}" in result.stderr
    for told in ("NETIQUETTE_VAR_DIR", "NETIQUETTE_DATABASE_URL", "netiquette migrate"):
        assert told in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_migrate_makes_the_folder_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETIQUETTE_VAR_DIR", str(tmp_path / "deep" / "var"))
    monkeypatch.delenv("NETIQUETTE_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    assert CliRunner().invoke(commands, ["migrate"]).exit_code == 0
    assert (tmp_path / "deep" / "var").stat().st_mode & 0o777 == 0o700
    assert CliRunner().invoke(commands, ["site", "list"]).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]


def test_a_database_without_tables_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETIQUETTE_DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    (tmp_path / "new.db").touch()
    settings.cache_clear()
    result = CliRunner().invoke(commands, ["site", "list"])
    assert result.exit_code == 1
    assert "netiquette migrate" in result.stderr
