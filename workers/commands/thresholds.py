"""`netiquette thresholds`: translate thresholds of another scorer into those of our model."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from workers.commands.histogram import histogram
from workers.commands.matching import Threshold, matching
from workers.commands.pairs import NoPairs, parse_levels, read_pairs


def thresholds(
    file: Annotated[
        Path,
        typer.Argument(help="File that `netiquette score` wrote.", exists=True, dir_okay=False),
    ],
    old: Annotated[str, typer.Option(help="Field of the old score.")],
    new: Annotated[str, typer.Option(help="Field of the new score.")] = "scores.toxicity",
    at: Annotated[
        str, typer.Option(help="Old thresholds 0..1, separated by commas.")
    ] = "0.7,0.8,0.9",
    picture: Annotated[
        Path | None,
        typer.Option(help="SVG file to draw new scores against old ones into.", dir_okay=False),
    ] = None,
) -> None:
    """Find thresholds for our model that flag as many of your comments as your old ones did."""
    try:
        levels = parse_levels(at)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--at") from error
    try:
        with file.open(encoding="utf-8-sig") as lines:
            pairs, left_out = read_pairs(lines, old, new)
    except (NoPairs, OSError, ValueError) as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(1) from error
    for field, count in left_out.items():
        if count:
            typer.echo(f"{count:,} rows left out: no number of 0..1 in {field!r}", err=True)
    found = [matching(pairs, level) for level in levels]
    typer.echo(table(found, len(pairs)))
    if picture:
        lines_at = [(one.old, one.new) for one in found]
        try:
            picture.write_text(histogram(pairs, lines_at, x=old, y=new), "utf-8")
        except OSError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error


def table(found: Iterable[Threshold], total: int) -> str:
    """Return the thresholds as a table in Markdown."""
    rows = [
        "| old threshold | flagged | new threshold | flagged | newly flagged | no longer flagged |",
        "|---|---|---|---|---|---|",
    ]
    rows += [
        f"| {one.old:g} | {_share(one.flagged_before, total)} "
        f"| {'none' if one.new is None else f'{one.new:g}'} | {_share(one.flagged_after, total)} "
        f"| {one.newly_flagged:,} | {one.no_longer_flagged:,} |"
        for one in found
    ]
    return "\n".join([*rows, "", f"Of {total:,} comments with both scores."])


def _share(count: int, total: int) -> str:
    return f"{count:,} ({count / total:.2%})"
