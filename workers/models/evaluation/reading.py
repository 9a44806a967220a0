"""Read the labelled data sets, with regard to their folders, columns and peculiarities.

Each reader takes the folder that holds one sub-folder per set. ``INDEX.md`` in that folder names
sources and licences.
"""

import ast
import csv
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_MENTION_OR_LINK = re.compile(r"@\w+|https?://\S+|\|LBR\|")
_NOT_WORD = re.compile(r"[\W_]+")

CHECKSUMS = json.loads((Path(__file__).parent / "data" / "checksums.json").read_text("utf-8"))


class UnexpectedDataError(Exception):
    """A data file is missing, or is not the one that the figures were measured on."""


def checked(path: Path, root: Path) -> Path:
    """Return ``path``; raises UnexpectedDataError unless its SHA-256 is the recorded one."""
    name = path.relative_to(root).as_posix()
    if not path.is_file():
        raise UnexpectedDataError(f"{name} is missing")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != CHECKSUMS[name]:
        raise UnexpectedDataError(f"{name} has another content than the one measured on")
    return path


def normalised(text: str) -> str:
    """Return a text as it is compared: letters and digits only, without mentions and links."""
    bare = _MENTION_OR_LINK.sub(" ", unicodedata.normalize("NFKC", text))
    return _NOT_WORD.sub(" ", bare).strip().casefold()


def csv_rows(root: Path, name: str) -> Iterator[dict[str, str]]:
    """Give the rows of a comma-separated file with a header."""
    with checked(root / name, root).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def germeval(root: Path, part: str) -> Iterator[tuple[str, str]]:
    """Give (text, fine label) of GermEval 2018; ``|LBR|`` is a line break, quotes are literal."""
    lines = (
        checked(root / f"germeval2018/{part}.tsv", root).read_text("utf-8").strip("\n").split("\n")
    )
    for line in lines:
        text, _coarse, fine = line.split("\t")
        yield text.replace("|LBR|", "\n"), fine


def gahd(root: Path, split: str) -> Iterator[dict[str, str]]:
    """Give the rows of one split of GAHD. Rows of ``round`` R3 with label 0 are news sentences."""
    yield from (row for row in csv_rows(root, "gahd/gahd.csv") if row["split"] == split)


def toxic_spans(root: Path, part: str) -> Iterator[tuple[str, set[int]]]:
    """Give (text, offsets of toxic characters) of the Civil Comments span data."""
    for row in csv_rows(root, f"civil_toxic_spans_en/tsd_{part}.csv"):
        yield row["text"], set(ast.literal_eval(row["spans"]))


def jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """Give the objects of a JSON Lines file."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
