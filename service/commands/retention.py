"""`netiquette retention`."""

import typer

from service import clock
from service.commands.database import writing
from service.events.retention import resume

retention = typer.Typer(no_args_is_help=True, help="Retention: deleting old events.")


@retention.command("resume")
def retention_resume() -> None:
    """Confirm that the clock is right, after the retention has stopped because it leapt.

    What is older than the retention by the present clock is then deleted.
    """
    now = clock.now()
    with writing() as session:
        resume(session, now)
    typer.echo(f"The retention goes on by the clock: it is {now:%Y-%m-%d %H:%M} UTC.")
