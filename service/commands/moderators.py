"""`netiquette moderator`."""

from typing import Annotated

import typer

from service.commands.database import reading, writing
from service.commands.secrets import ask
from service.commands.sites import SiteOption
from service.commands.tables import minute, show
from service.moderators.accounts import (
    create_moderator,
    get_account_by_email,
    list_accounts,
    remove_account,
    set_password,
)
from service.sites.use_cases import get_site

moderator = typer.Typer(no_args_is_help=True, help="Moderators with an account.")

Email = Annotated[str, typer.Argument(help="Email address to sign in with.")]


@moderator.command("add")
def moderator_add(
    email: Email,
    site: SiteOption,
    name: Annotated[str | None, typer.Option(help="Name that colleagues see.")] = None,
) -> None:
    """Add a moderator with an account; the password is asked for, or read from standard input."""
    password = ask("Password", twice=True)
    with writing() as session:
        create_moderator(session, get_site(session, site).id, email, password, name)
    typer.echo(f"Added {email} to {site}.")


@moderator.command("list")
def moderator_list(site: SiteOption) -> None:
    """List a site's moderators with an account."""
    with reading() as session:
        rows = [
            (row.email or "", row.name or "", "yes" if row.lead else "", minute(row.created_at))
            for row in list_accounts(session, get_site(session, site).id)
        ]
    show("email", "name", "lead", "created", rows=rows)


@moderator.command("reset")
def moderator_reset(email: Email, site: SiteOption) -> None:
    """Set a new password, which is asked for, or read from standard input."""
    password = ask("New password", twice=True)
    with writing() as session:
        set_password(get_account_by_email(session, get_site(session, site).id, email), password)
    typer.echo(f"{email} has a new password.")


@moderator.command("remove")
def moderator_remove(email: Email, site: SiteOption) -> None:
    """Remove an account with its address and name. Its decisions stay, under its key."""
    with writing() as session:
        remove_account(get_account_by_email(session, get_site(session, site).id, email))
    typer.echo(f"Removed {email} from {site}.")
