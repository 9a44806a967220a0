"""The command `netiquette`, which finds its groups by entry points.

A group whose packages are not installed is left out: the API image has the command
without the workers.
"""

import os
import resource
import sys
from importlib.metadata import entry_points

import structlog
import typer

from service.commands import (
    api,
    backup,
    coral,
    doctor,
    migrate,
    moderators,
    retention,
    sites,
    up,
)
from service.settings import BadSettings
from service.telemetry import log_as_server

GROUP = "netiquette.commands"

SERVERS = (["api"], ["worker"])
"""First arguments of the commands that serve, and whose output is a log from the first line on."""

log = structlog.get_logger(__name__)

commands = typer.Typer(no_args_is_help=True)
commands.command("up")(up.up)
commands.command("api")(api.api)
commands.command("migrate")(migrate.migrate)
commands.command("doctor")(doctor.doctor)
commands.command("backup")(backup.backup)
commands.command("restore")(backup.restore)
commands.add_typer(sites.site, name="site")
commands.add_typer(sites.key, name="key")
commands.add_typer(moderators.moderator, name="moderator")
commands.add_typer(coral.coral, name="coral")
commands.add_typer(retention.retention, name="retention")


def application() -> typer.Typer:
    """Return the command with every group whose packages are installed."""
    whole = typer.Typer(
        name="netiquette",
        help="Self-hosted comment moderation for news sites.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            whole.add_typer(point.load())
        except ModuleNotFoundError as error:
            if error.name and error.name.partition(".")[0] == "service":
                raise
    return whole


def main() -> None:
    """Run the command.

    Whatever any command writes holds comments, names or secrets: its owner's business only.
    A core file would hold them, too, so that none is written; children inherit both.
    """
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serves = sys.argv[1:2] in SERVERS
    if serves:
        log_as_server()
    try:
        application()()
    except BadSettings as error:
        if serves:
            log.critical("settings_unusable", hint=str(error))
        else:
            typer.echo(f"{error}\n`netiquette doctor` checks everything.", err=True)
        sys.exit(1)
