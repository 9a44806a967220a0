"""What a command says when the database cannot be used."""

import typer
from sqlalchemy.exc import SQLAlchemyError


def tell_unusable(error: SQLAlchemyError) -> None:
    """Say why, and what to do, on standard error."""
    reason = str(getattr(error, "orig", error)).strip()
    typer.echo(f"The database cannot be used: {reason}", err=True)
    typer.echo("If it is new, run `netiquette migrate` first.", err=True)
