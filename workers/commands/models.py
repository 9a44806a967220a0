"""`netiquette models`: list, build, verify, choose, pull and remove models."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from service.commands.database import tell_unusable
from service.db import Database
from service.settings import settings
from workers import manifest as manifests
from workers.manifest import ModelError
from workers.models import chosen, derived, registry
from workers.models.loading import graph_conditions, graph_folder
from workers.models.registry import Model, find, installed

commands = typer.Typer(no_args_is_help=True, help="Models, which score the comments.")

Name = Annotated[str, typer.Argument(help="Name of a model, or the path of its folder.")]
OptionalName = Annotated[
    str | None, typer.Argument(help="Name or path of a model; the active one by default.")
]


WATCH_SECONDS, WATCH_PACE = 60.0, 3.0
"""Seconds that `use` watches for the workers to switch, and seconds between two looks."""


@contextmanager
def errors_explained() -> Iterator[None]:
    """Turn a ModelError, or an unusable folder or database, into one line and exit code 1."""
    try:
        yield
    except SQLAlchemyError as error:
        tell_unusable(error)
        raise typer.Exit(1) from error
    except (ModelError, OSError) as error:
        Console(stderr=True).print(f"[red]{type(error).__name__}[/red]: {error}", highlight=False)
        raise typer.Exit(1) from error


@commands.command("list")
def list_models() -> None:
    """List the installed models. A star marks the one that scores."""
    with errors_explained():
        active = chosen.read_anywhere(settings()).name
    models, broken = installed(settings().models_dir)
    table = Table("name", "version", "languages", "attributes", "identity", box=None)
    for model in models:
        manifest = model.manifest
        table.add_row(
            manifest.name + (" *" if active in {manifest.name, str(model.folder)} else ""),
            manifest.version,
            " ".join(manifest.languages),
            " ".join(manifest.attributes),
            model.identity[:12],
        )
    Console().print(table)
    for error in broken:
        Console(stderr=True).print(f"[yellow]left out:[/yellow] {error}", highlight=False)


@commands.command()
def show(name: Name) -> None:
    """Show the manifest of a model."""
    with errors_explained():
        model = find(name, settings().models_dir)
    typer.echo(f"identity: {model.identity}\nfolder: {model.folder}")
    for key, value in model.manifest.model_dump(mode="json").items():
        shown = "\n  ".join(["", *map(str, value)]) if isinstance(value, list | dict) else value
        typer.echo(f"{key}: {shown}")


@commands.command()
def build(
    name: OptionalName = None,
    again: Annotated[bool, typer.Option("--again", help="Build it even if it exists.")] = False,
) -> None:
    """Build the form of a model that serves on this CPU, and check that it scores like Detoxify."""
    with errors_explained():
        model = find(name or chosen.read_anywhere(settings()).name, settings().models_dir)
        notes = None if again else derived.read(graph_folder(model), graph_conditions())
        if notes is None:
            from workers.models import build as building  # noqa: PLC0415 - slow to import

            notes = building.build(model, _Steps(model), again=again)
    typer.echo(f"{model.manifest.name} {model.manifest.version} serves as {notes['form']}")


@commands.command()
def verify(name: OptionalName = None) -> None:
    """Compare a model's files with its manifest, and its serving form with Detoxify."""
    from workers.models import build as building  # noqa: PLC0415 - slow to import

    with errors_explained():
        model = find(name or chosen.read_anywhere(settings()).name, settings().models_dir)
        found = building.verify(model, _Steps(model))
    typer.echo(f"{model.manifest.name} {model.manifest.version}: {found}")


@commands.command()
def use(name: Name) -> None:
    """Verify a model, then let all workers switch to it while they run."""
    from workers.models import build as building  # noqa: PLC0415 - slow to import

    database = Database(settings().database_url)
    with errors_explained():
        model = find(name, settings().models_dir)
        building.verify(model, _Steps(model))
        known = model.folder.parent in {registry.BUNDLED, settings().models_dir.absolute()}
        chosen.choose(database, model.folder.name if known else str(model.folder), model)
        _watch(database, model)


def _watch(database: Database, model: Model) -> None:
    """Print how many workers have loaded the model; exit with code 1 if some do not in time."""
    typer.echo(f"{model.manifest.name} {model.manifest.version} scores from now on")
    until = time.monotonic() + WATCH_SECONDS
    while time.monotonic() < until:
        scorers = chosen.scorers(database)
        here, total = scorers[model.identity], scorers.total()
        if not total:
            typer.echo("No worker runs now; the next one to start will load it.", err=True)
            return
        typer.echo(f"{here} of {total} scoring processes have loaded it", err=True)
        if here == total:
            return
        time.sleep(WATCH_PACE)
    typer.echo("Some did not switch: look for model_not_loaded in their logs.", err=True)
    raise typer.Exit(1)


@commands.command()
def remove(name: Name) -> None:
    """Remove a model from the models folder, and everything that was built from it."""
    with errors_explained():
        active = chosen.read_anywhere(settings()).name
        folder = registry.remove(name, settings().models_dir, active=active)
    typer.echo(f"{folder} was removed")


@commands.command()
def seal(
    folder: Annotated[Path, typer.Argument(help="Folder with a model.toml.", file_okay=False)],
) -> None:
    """Write the SHA-256 of each file of your own model into its model.toml."""
    with errors_explained():
        manifest = manifests.seal(folder)
    typer.echo(f"{manifest.name} {manifest.version} is {manifest.identity}")


class _Steps:
    """Prints each step of a build on a line of its own, since the output may be a log."""

    def __init__(self, model: Model) -> None:
        self._name = model.manifest.name
        self._started = time.monotonic()

    def __call__(self, step: str) -> None:
        elapsed = time.monotonic() - self._started
        typer.echo(f"{self._name} [{elapsed:3.0f} s] {step} …", err=True)


@commands.command()
def pull(
    name: Annotated[
        str,
        typer.Argument(help="original, unbiased, multilingual, original-small or unbiased-small."),
    ],
    releases: Annotated[
        str | None, typer.Option(help="URL of a mirror of Detoxify's releases.")
    ] = None,
    hub: Annotated[
        str | None, typer.Option(help="URL of a mirror of the Hugging Face hub.")
    ] = None,
) -> None:
    """Download a model that the Detoxify project published.

    An interrupted download continues when you run the command again.
    """
    from workers.models import pull as pulling  # noqa: PLC0415 - imports torch

    bars = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with errors_explained(), Progress(*bars, console=Console(stderr=True)) as progress:
        model = pulling.pull(
            name,
            settings().models_dir,
            progress,
            releases=releases or pulling.RELEASES,
            hub=hub or pulling.HUB,
        )
    typer.echo(f"{model.manifest.name} {model.manifest.version} is in {model.folder}")
