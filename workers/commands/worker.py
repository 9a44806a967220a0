"""`netiquette worker`: run the workers and the beat."""

from typing import Annotated

import typer

from service.settings import settings
from service.telemetry import log_as_server
from workers.processes import run_beat, run_io, run_scoring

commands = typer.Typer(no_args_is_help=True, help="Workers, which score, sweep and deliver.")


@commands.command()
def score(
    concurrency: Annotated[
        int, typer.Option(min=1, help="Number of processes, each with its own copy of the model.")
    ] = 1,
) -> None:
    """Run a scoring worker in the foreground. SIGTERM finishes its batch, or gives it back."""
    from workers.models.loading import load_engine  # noqa: PLC0415 - onnxruntime, for this one alone

    log_as_server()
    raise typer.Exit(run_scoring(settings(), load_engine, concurrency))


@commands.command()
def io(
    concurrency: Annotated[int, typer.Option(min=1, help="Number of threads for sweeps.")] = 4,
    with_beat: Annotated[
        bool, typer.Option("--beat", help="Run the beat in this process, too.")
    ] = False,
) -> None:
    """Run an I/O worker in the foreground, which sweeps and delivers to webhook receivers."""
    log_as_server()
    raise typer.Exit(run_io(settings(), concurrency, with_beat=with_beat))


@commands.command()
def beat() -> None:
    """Run the beat in the foreground, which starts the sweeps. An installation needs one beat."""
    log_as_server()
    run_beat(settings())
