"""`netiquette site`, `key` and `moderator`, on a database of their own."""

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from service.auth.keys import find_caller
from service.cli import commands
from service.db import Database
from service.settings import settings
from service.tables import Moderator, Policy, Site, SiteKey
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
    run("site", "set", "zeitung", "--language", "nl")
    run("site", "set", "paper", "--language", "it")
    assert found() == ["nl", "it", "fr"]
    assert "nl" in run("site", "list").stdout.split()
    assert "fr" in run("key", "list", "--site", "paper").stdout.split()


def test_a_moderator_has_an_account(run: Run, database: Database) -> None:
    run("site", "create", "zeitung", "--name", "Z")
    password = "korrekt pferd batterie"
    add = ("moderator", "add", "petra@zeitung.example", "--site", "zeitung")
    run(*add, typed=f"{password}\n{password}\n")
    with database.read() as session:
        moderator = session.exec(select(Moderator)).one()
        assert moderator.password_hash is not None
        assert moderator.password_hash.startswith("$argon2id$")
        assert moderator.key == f"account:{moderator.id}"
    assert "already" in run(*add, "--password", password, code=1).stderr


def test_an_address_is_the_same_in_any_case(run: Run, database: Database) -> None:
    run("site", "create", "zeitung", "--name", "Z")
    rest = ("--site", "zeitung", "--password", "x" * 12)
    run("moderator", "add", " Petra@Zeitung.Example", *rest)
    with database.read() as session:
        assert session.exec(select(Moderator)).one().email == "petra@zeitung.example"
    assert "already" in run("moderator", "add", "PETRA@zeitung.example", *rest, code=1).stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("site", "create", "ä", "--name", "x"), 2, "A-Z a-z"),
        (("site", "create", "zeitung", "--name", "x"), 1, "already"),
        (("site", "create", "blatt", "--name", "x", "--language", "deutsch"), 2, "such as de"),
        (("site", "set", "blatt", "--language", "de"), 1, "no such site"),
        (("site", "set", "zeitung", "--language", "und"), 2, "such as de"),
        (("key", "create", "--site", "zeitung", "--language", "DE"), 2, "such as de"),
        (("key", "create", "--site", "blatt"), 1, "no such site"),
        (("key", "create", "--site", "zeitung", "--scope", "all"), 2, "all"),
        (("key", "revoke", "nq_12345678", "--site", "zeitung"), 1, "no key"),
        (("moderator", "add", "x@y", "--site", "zeitung", "--password", "kurz"), 1, "12"),
        (("moderator", "add", "xy", "--site", "zeitung", "--password", "x" * 12), 1, "@"),
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


def test_a_database_without_tables_is_explained(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NETIQUETTE_DATABASE_URL", f"sqlite:///{tmp_path}/new.db")
    settings.cache_clear()
    result = CliRunner().invoke(commands, ["site", "list"])
    assert result.exit_code == 1
    assert "netiquette migrate" in result.stderr
    assert CliRunner().invoke(commands, ["migrate"]).exit_code == 0
    assert CliRunner().invoke(commands, ["site", "list"]).exit_code == 0
