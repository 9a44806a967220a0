"""A TCP proxy on loopback that can fall silent: it accepts, and never answers."""

import socket
import threading
from contextlib import suppress


class Proxy:
    """Passes bytes on to a port; while it is silent they stay here, and come late."""

    def __init__(self, target: int) -> None:
        """Listen on a port of its own; `target` may come and go."""
        self._target = target
        self._open = threading.Event()
        self._open.set()
        self._server = socket.create_server(("127.0.0.1", 0), backlog=500)
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self) -> None:
        """Answer nobody from now on, and accept everybody."""
        self._open.clear()

    def speak(self) -> None:
        """Pass on what has come meanwhile, and go on."""
        self._open.set()

    def close(self) -> None:
        """Accept nobody any more."""
        self._open.set()
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._server.accept()
                threading.Thread(target=self._serve, args=[caller], daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        self._open.wait()
        try:
            target = socket.create_connection(("127.0.0.1", self._target), timeout=5)
        except OSError:
            caller.close()
            return
        target.settimeout(None)
        with caller, target:
            back = threading.Thread(target=self._pass_on, args=[target, caller], daemon=True)
            back.start()
            self._pass_on(caller, target)
            back.join()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._open.wait()
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
