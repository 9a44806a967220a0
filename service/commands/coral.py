"""`netiquette coral`: connect sites to Coral, and disconnect them."""

import typer
from pydantic import SecretStr

from service.commands.database import writing
from service.commands.secrets import ask
from service.commands.sites import SiteOption
from service.embedded.folder import SECRET_KEY, secret_key
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
        box = SecretBox(_installation_key())
        get_site(session, site).coral_secret = box.encrypt(secret.strip())
    typer.echo(f"{site} is connected. Coral's phase calls: /v1/integrations/coral/{site}")


def _installation_key() -> SecretStr | None:
    """Return the secret key of the settings, or else the one that `netiquette up` has made.

    The latter is for the database in the same folder only.
    """
    config = settings()
    made = config.is_embedded and (config.var_dir / SECRET_KEY).exists()
    if config.secret_key is None and made:
        return SecretStr(secret_key(config.var_dir))
    return config.secret_key


@coral.command("disconnect")
def disconnect(site: SiteOption) -> None:
    """Disconnect a site from Coral: delete the secret, so that Coral's calls are refused."""
    with writing() as session:
        get_site(session, site).coral_secret = None
    typer.echo(f"{site} is not connected to Coral any more.")
