"""Read secrets without showing them: never as arguments, which `ps` shows to everybody."""

import sys

import typer


def ask(what: str, *, twice: bool = False) -> str:
    """Ask for a secret at the terminal, or read the first line of standard input.

    At a terminal it is not shown, and asked for again if `twice` is set. Exits with code 2
    where nothing was given.
    """
    if sys.stdin.isatty():
        typed: str = typer.prompt(what, hide_input=True, confirmation_prompt=twice)
        return typed
    given = sys.stdin.readline().rstrip("\r\n")
    if not given.strip():
        typer.echo(f"{what}: write it as one line to standard input.", err=True)
        raise typer.Exit(2)
    return given
