"""Read pairs of old and new scores from the output of `netiquette score`."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workers.commands.matching import Pair


class NoPairs(Exception):
    """The input has no pair of scores. The message says why."""


def parse_levels(text: str) -> list[float]:
    """Return the thresholds in a text such as `0.7,0.8`; raises ValueError for other texts."""
    levels = [_number(part) for part in text.split(",")]
    if None in levels:
        raise ValueError(f"give numbers of 0..1 with commas between, such as 0.7,0.8; not {text!r}")
    return [level for level in levels if level is not None]


def read_pairs(lines: Iterable[str], old: str, new: str) -> tuple[list[Pair], dict[str, int]]:
    """Return the pairs of scores, and for each field the number of rows without a score there.

    Raises NoPairs when there is no pair, and ValueError for a line that is no JSON object.
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
    """Return a field by its path, such as `scores.toxicity`, or by a name that has dots."""
    if path in record:
        return record[path]
    head, _, rest = path.partition(".")
    inner = record.get(head)
    return _field(inner, rest) if rest and isinstance(inner, dict) else None


def _number(value: Any) -> float | None:
    """Return the value as a number 0..1, or None. Texts are read, too, since CSV has only texts."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number <= 1 else None
