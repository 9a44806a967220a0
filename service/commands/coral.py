"""`netiquette coral`: connect sites to Coral, and disconnect them."""

import typer

from service.commands.database import writing
from service.commands.secrets import ask
from service.commands.sites import SiteOption
from service.embedded.folder import installation_key
from service.secret_box import SecretBox
from service.settings import settings
from service.sites.use_cases import get_site

coral = typer.Typer(no_args_is_help=True, help="Coral's external moderation phase.")


@coral.command("connect")
def connect(site: SiteOption) -> None:
    """Connect a site to Coral: store Coral's signing secret, or replace it by a rotated one.

    The secret is asked for, or read from standard input. Coral shows it beside the phase. While
    it rotates a secret, it signs with the old and the new one.
    """
    secret = ask("Coral's signing secret")
    with writing() as session:
        box = SecretBox(installation_key(settings()))
        get_site(session, site).coral_secret = box.encrypt(secret.strip())
    typer.echo(f"{site} is connected. Coral's phase calls: /v1/integrations/coral/{site}")


@coral.command("disconnect")
def disconnect(site: SiteOption) -> None:
    """Disconnect a site from Coral: delete the secret, so that Coral's calls are refused."""
    with writing() as session:
        get_site(session, site).coral_secret = None
    typer.echo(f"{site} is not connected to Coral any more.")
