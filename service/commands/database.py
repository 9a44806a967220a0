"""The message of a command that cannot use the database."""

import typer
from sqlalchemy.exc import SQLAlchemyError


def tell_unusable(error: SQLAlchemyError) -> None:
    """Print on standard error why the database cannot be used, and what to do."""
    reason = str(getattr(error, "orig", error)).strip()
    typer.echo(f"The database cannot be used: {reason}", err=True)
    typer.echo("If it is new, run `netiquette migrate` first.", err=True)
