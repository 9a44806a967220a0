"""Print lists as tables on standard output."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table


def show(*columns: str, rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows under the names of their columns."""
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def minute(moment: datetime | None) -> str:
    """Return a moment to the minute, in UTC; nothing for None."""
    return moment.strftime("%Y-%m-%d %H:%MZ") if moment else ""
