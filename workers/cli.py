"""The workers' part of the command `netiquette`."""

import typer

from workers.commands import evaluate, models, score, thresholds, worker

commands = typer.Typer(no_args_is_help=True)
commands.add_typer(worker.commands, name="worker")
commands.add_typer(models.commands, name="models")
commands.command("score")(score.score)
commands.command("thresholds")(thresholds.thresholds)
commands.command("eval")(evaluate.eval_)
