"""`netiquette doctor`."""

from functools import partial

import typer

from service.commands.database import unusable
from service.db import Database
from service.doctor.findings import Finding
from service.doctor.findings import settings as bad_settings
from service.settings import BadSettings, settings


def doctor() -> None:
    """Check settings, folder, disk, broker, database, schema, clock and model; change nothing.

    Prints a line for each check, with what to do where something is wrong. Exits with code 1
    then.
    """
    from service.doctor.examining import examine  # noqa: PLC0415 - Alembic, for this command alone

    try:
        config = settings()
    except BadSettings as error:
        for finding in bad_settings(str(error)):
            _tell(finding)
        raise typer.Exit(1) from None
    explain = partial(unusable, Database(config.database_url).file)
    wrong = 0
    for finding in examine(config, explain):
        _tell(finding)
        wrong += not finding.ok
    if wrong:
        raise typer.Exit(1)


def _tell(finding: Finding) -> None:
    typer.echo(f"{'ok   ' if finding.ok else 'WRONG'}  {finding.check:10}  {finding.text}")
