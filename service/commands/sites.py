"""`netiquette site` and `netiquette key`."""

import re
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from sqlmodel import col, select

from service.auth.keys import create_key, revoke_key
from service.commands.database import reading, writing
from service.commands.tables import minute, show
from service.domain.languages import FIRST_LANGUAGE, MAIN_CODE
from service.http.callers import Scope
from service.http.schemas import Key
from service.sites.use_cases import create_site, edit_site, get_site
from service.tables import Site, SiteKey

site = typer.Typer(no_args_is_help=True, help="Sites: the publications that are moderated.")
key = typer.Typer(no_args_is_help=True, help="Site keys: a site's backend calls the API with one.")

SiteOption = Annotated[str, typer.Option("--site", help="Key of the site.")]

MAIN_LANGUAGE = "Main language (ISO 639): what a text counts as that is too short to tell."


def _main_language(code: str | None) -> str | None:
    """Return the code of a language; raises BadParameter for anything else."""
    if code is None or re.fullmatch(MAIN_CODE, code):
        return code
    raise typer.BadParameter("use a code of two or three letters, such as de or en")


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


@site.command("edit")
def site_edit(
    site_key: Annotated[str, typer.Argument(metavar="KEY", help="Key of the site.")],
    name: Annotated[str | None, typer.Option(help="Name of the publication.")] = None,
    language: Annotated[
        str | None, typer.Option(help=MAIN_LANGUAGE, callback=_main_language)
    ] = None,
) -> None:
    """Change a site's name or main language, from its next request on. Its key stays."""
    if name is None and language is None:
        raise typer.BadParameter("say what to change: --name, --language or both")
    with writing() as session:
        found = edit_site(session, site_key, name=name, language=language)
        typer.echo(f"{site_key} is named {found.name}; its main language is {found.language}.")


@site.command("list")
def site_list() -> None:
    """List all sites."""
    with reading() as session:
        found = session.exec(select(Site).order_by(col(Site.key)))
        rows = [(row.key, row.name, row.language, minute(row.created_at)) for row in found]
    show("key", "name", "language", "created", rows=rows)


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
    with reading() as session:
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
                minute(row.created_at),
                minute(row.revoked_at),
            )
            for row in keys
        ]
    show("prefix", "name", "scopes", "language", "created", "revoked", rows=rows)


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
