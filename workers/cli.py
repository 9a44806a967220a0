"""The workers' part of the command `netiquette`."""

import typer

from service.doctor import more
from workers.commands import checking, evaluate, models, score, thresholds, worker

commands = typer.Typer(no_args_is_help=True)
commands.add_typer(worker.commands, name="worker")
commands.add_typer(models.commands, name="models")
commands.command("score")(score.score)
commands.command("thresholds")(thresholds.thresholds)
commands.command("eval")(evaluate.eval_)

more.registered.append(checking.check_model)
