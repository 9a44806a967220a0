"""Faults of files: logs that are deleted or cannot be rotated, a database that is swapped."""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from service.backup.sqlite import back_up
from service.embedded import log_files
from tests.faults.tree import Tree

ROTATED_AFTER = 30.0
"""Seconds after which a log must have been rotated once there is room again."""


@dataclass
class Files:
    """The files of a tree, as somebody finds them who tidies up at the wrong place."""

    tree: Tree
    complain: Callable[[str], None]

    def delete_log(self, name: str) -> None:
        """Remove the log of one child, into which it goes on to write."""
        log = self._log(name)
        if log.exists():
            self._keep(log)
            log.unlink(missing_ok=True)

    def delete_logs(self) -> None:
        """Remove the folder of all logs."""
        for log in self._log("").parent.glob("*"):
            self._keep(log)
        shutil.rmtree(self._log("").parent, ignore_errors=True)

    def make_room_for_log(self, name: str) -> Path:
        """Return a log that is there, so that it can be rotated."""
        log = self._log(name)
        with closing(log_files.open_log(log)):
            return log

    def let_log_grow(self, log: Path) -> None:
        """Let it exceed its limit; it takes no room, since it has a hole."""
        os.truncate(log, log_files.LIMIT + 1)

    def await_rotation(self, log: Path) -> None:
        """Complain unless the log is rotated soon."""

        def is_rotated() -> bool:
            return not log.exists() or log.stat().st_size <= log_files.LIMIT

        if not self.tree.wait_until(is_rotated, ROTATED_AFTER):
            self.complain(f"{log.name} was not rotated though there was room again")

    def swap_database(self, other: str) -> Callable[[], None]:
        """Put another file in the place of SQLite's, or none; returns what puts it back."""
        file = self.tree.var / "netiquette.db"
        aside, copy = file.with_name("aside.db"), file.with_name("older.db")
        if other == "an older copy":
            copy.unlink(missing_ok=True)
            back_up(file, copy)
        # Its log stays, as `mv netiquette.db` leaves it.
        file.rename(aside)
        if other == "an older copy":
            copy.rename(file)
        elif other == "an empty file":
            file.touch()

        def put_back() -> None:
            if self.tree.readiness() is not None:
                self.complain(f"/readyz said that comments are accepted, into {other}")
            aside.replace(file)

        return put_back

    def _log(self, name: str) -> Path:
        return self.tree.var / "log" / f"{name}.log"

    def _keep(self, log: Path) -> None:
        self.tree.removed.mkdir(exist_ok=True)
        number = len([*self.tree.removed.iterdir()])
        os.link(log, self.tree.removed / f"{number}-{log.name}")
