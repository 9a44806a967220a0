"""`netiquette worker …`."""

from typing import Annotated

import typer

from service.settings import settings
from service.telemetry import configure_logging
from workers.processes import run_beat, run_io, run_scoring

commands = typer.Typer(no_args_is_help=True, help="Workers: what scores, sweeps and delivers.")


@commands.command()
def score(
    concurrency: Annotated[
        int, typer.Option(min=1, help="Processes, each with its own copy of the model.")
    ] = 1,
) -> None:
    """Score comments, in the foreground; SIGTERM finishes the batch or gives it back."""
    from workers.models.loading import load_engine  # noqa: PLC0415 - onnxruntime, for this one alone

    configure_logging()
    raise typer.Exit(run_scoring(settings(), load_engine, concurrency))


@commands.command()
def io(
    concurrency: Annotated[int, typer.Option(min=1, help="Threads for sweeps.")] = 4,
    with_beat: Annotated[
        bool, typer.Option("--beat", help="Run the beat in this process, too.")
    ] = False,
) -> None:
    """Do the sweeps, and deliver to webhook receivers, in the foreground."""
    configure_logging()
    raise typer.Exit(run_io(settings(), concurrency, with_beat=with_beat))


@commands.command()
def beat() -> None:
    """Say when a sweep is due, in the foreground. An installation needs one beat."""
    configure_logging()
    run_beat(settings())
