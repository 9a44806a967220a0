"""`netiquette site`, `netiquette key` and `netiquette moderator`."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col, select

from service.auth.keys import create_key, revoke_key
from service.commands.database import tell_unusable
from service.db import Database
from service.domain.languages import FIRST_LANGUAGE, MAIN_CODE
from service.errors import NetiquetteError
from service.http.callers import Scope
from service.http.schemas import Key
from service.moderators.accounts import create_moderator
from service.settings import settings
from service.sites.use_cases import create_site, get_site
from service.tables import Site, SiteKey

site = typer.Typer(no_args_is_help=True, help="Sites: the publications that are moderated.")
key = typer.Typer(no_args_is_help=True, help="Site keys: a site's backend calls the API with one.")
moderator = typer.Typer(no_args_is_help=True, help="Moderators with an account.")

SiteOption = Annotated[str, typer.Option("--site", help="Key of the site.")]

MAIN_LANGUAGE = "Main language (ISO 639): what a text counts as that is too short to tell."


def _main_language(code: str | None) -> str | None:
    """Return the code of a language; raises BadParameter for anything else."""
    if code is None or re.fullmatch(MAIN_CODE, code):
        return code
    raise typer.BadParameter("use a code of two or three letters, such as de or en")


@contextmanager
def writing() -> Iterator[Session]:
    """Give a session that commits at the end; a known error becomes one line and exit code 1."""
    database = Database(settings().database_url)
    try:
        with database.write() as session:
            yield session
    except NetiquetteError as error:
        typer.echo(error.detail, err=True)
        raise typer.Exit(1) from None
    except DatabaseError as error:
        tell_unusable(error)
        raise typer.Exit(1) from None
    finally:
        database.dispose()


def _minute(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%MZ")


def _print(*columns: str, rows: Sequence[tuple[str, ...]]) -> None:
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@site.command("create")
def site_create(
    site_key: Annotated[str, typer.Argument(metavar="KEY", help="Short name, e.g. morgenblatt.")],
    name: Annotated[str, typer.Option(help="Name of the publication.")],
    language: Annotated[
        str, typer.Option(help=MAIN_LANGUAGE, callback=_main_language)
    ] = FIRST_LANGUAGE,
) -> None:
    """Add a site, with the default policy as its first."""
    try:
        TypeAdapter(Key).validate_python(site_key)
    except ValidationError:
        raise typer.BadParameter("use 1 to 200 of A-Z a-z 0-9 . _ ~ : @ -") from None
    with writing() as session:
        create_site(session, site_key, name, language)
    typer.echo(f"Created the site {site_key}. Next: netiquette key create --site {site_key}")


@site.command("set")
def site_set(
    site_key: Annotated[str, typer.Argument(metavar="KEY", help="Key of the site.")],
    language: Annotated[str, typer.Option(help=MAIN_LANGUAGE, callback=_main_language)],
) -> None:
    """Change a site's main language, from its next request on."""
    with writing() as session:
        get_site(session, site_key).language = language
    typer.echo(f"The main language of {site_key} is {language}.")


@site.command("list")
def site_list() -> None:
    """List all sites."""
    with writing() as session:
        found = session.exec(select(Site).order_by(col(Site.key)))
        rows = [(row.key, row.name, row.language, _minute(row.created_at)) for row in found]
    _print("key", "name", "language", "created", rows=rows)


@key.command("create")
def key_create(
    site: SiteOption,
    name: Annotated[str, typer.Option(help="Purpose of the key.")] = "backend",
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="Scope of the key; repeat it for several. The default is comments."),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(help=f"{MAIN_LANGUAGE} The default is the site's.", callback=_main_language),
    ] = None,
) -> None:
    """Make a key and show it. It is never shown again."""
    with writing() as session:
        found = get_site(session, site)
        made, token = create_key(session, found.id, name, scope or [Scope.COMMENTS])
        made.language = language
        scopes = ", ".join(made.scopes)
    typer.echo(f"Key for {site} with the scopes: {scopes}. It is not shown again:", err=True)
    typer.echo(token)


@key.command("list")
def key_list(site: SiteOption) -> None:
    """List a site's keys by their prefixes."""
    with writing() as session:
        found = get_site(session, site)
        keys = session.exec(
            select(SiteKey).where(col(SiteKey.site_id) == found.id).order_by(col(SiteKey.id))
        )
        rows = [
            (
                row.prefix,
                row.name,
                " ".join(row.scopes),
                row.language or "",
                _minute(row.created_at),
                _minute(row.revoked_at) if row.revoked_at else "",
            )
            for row in keys
        ]
    _print("prefix", "name", "scopes", "language", "created", "revoked", rows=rows)


@key.command("revoke")
def key_revoke(
    prefix: Annotated[
        str, typer.Argument(help="Prefix of the key, as `netiquette key list` shows it.")
    ],
    site: SiteOption,
) -> None:
    """Revoke a key, which stops working at once."""
    with writing() as session:
        revoked = revoke_key(session, get_site(session, site).id, prefix)
    if revoked is None:
        typer.echo(f"{site} has no key that begins with {prefix}.", err=True)
        raise typer.Exit(1)
    typer.echo(f"Revoked {prefix}.")


@moderator.command("add")
def moderator_add(
    email: Annotated[str, typer.Argument(help="Email address to sign in with.")],
    site: SiteOption,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    name: Annotated[str | None, typer.Option(help="Name that colleagues see.")] = None,
) -> None:
    """Add a moderator with an account to a site."""
    with writing() as session:
        create_moderator(session, get_site(session, site).id, email, password, name)
    typer.echo(f"Added {email} to {site}.")
