"""Reads pairs of scores from what `netiquette score` wrote."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workers.commands.matching import Pair


class NoPairs(Exception):
    """There is nothing to compare; the message says why."""


def parse_levels(text: str) -> list[float]:
    """Return the numbers of `0.7,0.8`; raises ValueError for what is none."""
    levels = [_number(part) for part in text.split(",")]
    if None in levels:
        raise ValueError(f"give numbers of 0..1 with commas between, such as 0.7,0.8; not {text!r}")
    return [level for level in levels if level is not None]


def read_pairs(lines: Iterable[str], old: str, new: str) -> tuple[list[Pair], dict[str, int]]:
    """Return the pairs of scores, and for each field how many rows lack a number there.

    Raises NoPairs when none is left, and ValueError for a line that is no JSON object.
    """
    pairs: list[Pair] = []
    left_out = dict.fromkeys((old, new), 0)
    fields: dict[str, None] = {}
    for record in _records(lines):
        fields |= dict.fromkeys(record)
        before, after = _number(_field(record, old)), _number(_field(record, new))
        if before is None:
            left_out[old] += 1
        elif after is None:
            left_out[new] += 1
        else:
            pairs.append((before, after))
    if not fields:
        raise NoPairs("there are no rows")
    if not pairs:
        counts = ", ".join(f"{count:,} without {field!r}" for field, count in left_out.items())
        raise NoPairs(f"no row has both scores ({counts}); its fields are {', '.join(fields)}")
    return pairs, left_out


def _records(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                record = json.loads(line)
            except ValueError as error:
                raise ValueError(f"line {number} is not JSON: {error}") from error
            if not isinstance(record, dict):
                raise ValueError(f"line {number} is not a JSON object")
            yield record


def _field(record: Mapping[str, Any], path: str) -> Any:
    """Return `scores.toxicity` as well as a field that has dots in its very name."""
    if path in record:
        return record[path]
    head, _, rest = path.partition(".")
    inner = record.get(head)
    return _field(inner, rest) if rest and isinstance(inner, dict) else None


def _number(value: Any) -> float | None:
    """Return a number of 0..1, also from text: that is what CSV has."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number <= 1 else None
