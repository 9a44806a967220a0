"""`netiquette moderator`, on a database of its own."""

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlmodel import select

from service.db import Database
from service.tables import Moderator
from tests.service.commands.conftest import Run

PASSWORD = "korrekt pferd batterie"
ADD = ("moderator", "add", "petra@zeitung.example", "--site", "zeitung")


@pytest.fixture(autouse=True)
def _site(run: Run) -> None:
    run("site", "create", "zeitung", "--name", "Z")


def stored(database: Database) -> Moderator:
    with database.read() as session:
        return session.exec(select(Moderator)).one()


def test_a_moderator_has_an_account(run: Run, database: Database) -> None:
    shown = run(*ADD, typed=f"{PASSWORD}\n")
    assert PASSWORD not in shown.output
    moderator = stored(database)
    assert moderator.password_hash is not None
    assert moderator.password_hash.startswith("$argon2id$")
    assert moderator.key == f"account:{moderator.id}"
    assert "already" in run(*ADD, code=1, typed=f"{PASSWORD}\n").stderr


def test_an_address_is_the_same_in_any_case(run: Run, database: Database) -> None:
    add = ("moderator", "add", "--site", "zeitung")
    run(*add, " Petra@Zeitung.Example", typed=PASSWORD)
    assert stored(database).email == "petra@zeitung.example"
    assert "already" in run(*add, "PETRA@zeitung.example", code=1, typed=PASSWORD).stderr


def test_a_password_is_reset(run: Run, database: Database) -> None:
    run(*ADD, typed=PASSWORD)
    before = stored(database).password_hash or ""
    reset = ("moderator", "reset", "Petra@zeitung.example", "--site", "zeitung")
    run(*reset, typed="ein ganz neues\n")
    after = stored(database).password_hash or ""
    assert PasswordHasher().verify(after, "ein ganz neues")
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(after, PASSWORD)
    assert PasswordHasher().verify(before, PASSWORD)
    assert "12" in run(*reset, code=1, typed="kurz").stderr


def test_an_account_is_listed_and_removed_with_all_that_names_the_person(
    run: Run, database: Database
) -> None:
    run(*ADD, "--name", "Petra", typed=PASSWORD)
    run("site", "create", "blatt", "--name", "B")
    assert "petra@zeitung.example" in run("moderator", "list", "--site", "zeitung").stdout
    assert "petra" not in run("moderator", "list", "--site", "blatt").stdout
    remove = ("moderator", "remove", "petra@zeitung.example", "--site")
    assert "no such account" in run(*remove, "blatt", code=1).stderr
    run(*remove, "zeitung")
    left = stored(database)
    assert (left.email, left.name, left.password_hash, left.lead) == (None, None, None, False)
    assert "petra" not in run("moderator", "list", "--site", "zeitung").stdout
    run(*ADD, typed=PASSWORD)


@pytest.mark.parametrize(
    ("email", "typed", "code", "told"),
    [("x@y", "kurz", 1, "12"), ("xy", "x" * 12, 1, "@"), ("x@y", "", 2, "standard input")],
)
def test_mistakes_are_told_in_a_line(
    run: Run, email: str, typed: str, code: int, told: str
) -> None:
    result = run("moderator", "add", email, "--site", "zeitung", code=code, typed=typed)
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_a_password_is_no_argument(run: Run) -> None:
    run(*ADD, "--password", PASSWORD, code=2)
