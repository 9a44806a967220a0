"""`netiquette score`: score the texts of a file, and print one JSON object per line."""

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service.settings import settings
from service.telemetry import configure_logging
from workers.commands.models import errors_explained
from workers.engines import Engine, UnscorableText
from workers.models import chosen
from workers.models.loading import load_engine


class Format(StrEnum):
    """The formats of input."""

    TEXT = "text"
    """One text on each line."""
    CSV = "csv"
    JSONL = "jsonl"


class Unreadable(Exception):
    """A line cannot be read. The message says which one and why."""


def score(
    file: Annotated[
        Path | None,
        typer.Argument(help="File with the texts; standard input by default.", dir_okay=False),
    ] = None,
    column: Annotated[
        str, typer.Option(help="Field that holds the text, in CSV and JSONL.")
    ] = "body",
    form: Annotated[
        Format | None,
        typer.Option(
            "--format", help="Format of the input; by default that of its suffix, or text."
        ),
    ] = None,
    skip: Annotated[
        int, typer.Option(min=0, help="Number of texts to skip, which are scored already.")
    ] = 0,
) -> None:
    """Score texts, and write scores, language, spans and model as JSONL to standard output.

    The input is plain text, CSV or JSONL. Each line is written as soon as it is scored. After
    an interruption, continue with `--skip` and the number of lines that were written.
    """
    configure_logging()
    with errors_explained():
        engine = load_engine(chosen.apply_to(settings()))
    records = _records(file, form or _by_ending(file), column)
    bars = (TextColumn("scored"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bars, console=Console(stderr=True)) as progress:
        task = progress.add_task("scored", total=None, completed=skip)
        try:
            for record in islice(records, skip, None):
                line = record | _outcome(engine, record[column])
                # A text with a lone surrogate can only be written with escapes.
                text = json.dumps(line, ensure_ascii="error" in line)
                print(text, flush=True)  # noqa: T201 - the result
                progress.advance(task)
        except Unreadable as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error


def _outcome(engine: Engine, text: str) -> dict[str, Any]:
    try:
        (found,) = engine.score([text])
    except UnscorableText as error:
        return {"error": f"{type(error).__name__}: {error}"}
    spans = {"spans": found.spans} if found.spans else {}
    return {"scores": found.scores, "language": found.language, **spans, "model": engine.model}


def _by_ending(file: Path | None) -> Format:
    endings = {".csv": Format.CSV, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL}
    return endings.get(file.suffix.lower(), Format.TEXT) if file else Format.TEXT


def _records(file: Path | None, form: Format, column: str) -> Iterator[dict[str, Any]]:
    """Give each record with its text in `column`; raises Unreadable."""
    number = 0
    opened = file.open(encoding="utf-8-sig", newline="") if file else nullcontext(sys.stdin)
    with opened as stream:
        try:
            for record in _PARSERS[form](stream):
                number += 1
                found = {column: record} if isinstance(record, str) else record
                if not isinstance(found, dict) or not isinstance(found.get(column), str):
                    raise Unreadable(f"record {number} has no text in {column!r}; see --column")
                yield found
        except (ValueError, csv.Error) as error:
            raise Unreadable(f"record {number + 1} is not {form.value}: {error}") from error


def _lines(stream: TextIO) -> Iterator[str]:
    return (line.rstrip("\r\n") for line in stream)


def _json_lines(stream: TextIO) -> Iterator[Any]:
    return (json.loads(line) for line in stream if line.strip())


_PARSERS: dict[Format, Any] = {
    Format.TEXT: _lines,
    Format.CSV: csv.DictReader,
    Format.JSONL: _json_lines,
}
