"""`netiquette up` itself, with three things changed for tests.

Its children run on a clock that tests step, the broker is reached through a proxy that
tests silence, and the database may be Postgres. Everything else is what users run:
supervisor, guardian, start and end.
"""

import os
import sys
from pathlib import Path

from service.embedded import child, database, specs, start, supervisor
from service.embedded.valkey import HOST, Broker
from service.settings import settings

STEADY = 2.0
"""Seconds instead of half a minute: the suite kills in minutes what would last for weeks."""


LOG_CHECK = 0.5
"""Seconds instead of ten: no fault lasts longer than eight."""


class ProxiedBroker(Broker):
    """A broker on a given port that is reached through another one."""

    @classmethod
    def choose(cls) -> "ProxiedBroker":
        """Return the one that the tests know."""
        return cls(
            port=int(os.environ["FAULTS_VALKEY_PORT"]), password=os.environ["FAULTS_PASSWORD"]
        )

    @property
    def url(self) -> str:
        """The proxy's address."""
        return f"redis://:{self.password}@{HOST}:{os.environ['FAULTS_PROXY_PORT']}/0"


def command(*arguments: str) -> tuple[str, ...]:
    """Return the command line of one process of the tree."""
    return (sys.executable, "-m", "tests.faults.process", *arguments)


def database_url(var: Path) -> str:
    """Return the address of Postgres where the tests gave one, or that of the file."""
    return os.environ.get("FAULTS_DATABASE_URL") or _file_url(var)


_file_url = database.url


def main() -> int:
    """Run until told to end."""
    child.STEADY = STEADY
    supervisor.LOG_CHECK = LOG_CHECK
    specs.command = command  # type: ignore[attr-defined]  # where the children's specs look it up
    start.Broker = ProxiedBroker  # type: ignore[attr-defined]  # where the start looks it up
    database.url = database_url
    return start.run(settings(), int(os.environ["PORT"]))


if __name__ == "__main__":
    sys.exit(main())
