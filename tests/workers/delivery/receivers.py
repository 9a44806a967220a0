"""Webhook receivers on real sockets of this machine, which answer as a test wants."""

import asyncio
import json
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook

Answer = Callable[[StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """What a receiver was sent."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def data(self) -> Any:
        """Return the payload's data; the signature is not looked at."""
        return json.loads(self.body)["data"]

    def verify(self, secret: str) -> object:
        """Return the payload; raises WebhookVerificationError."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """A server in the running event loop; use it as an async context manager."""

    answer: Answer
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None] | None] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        tasks = [task for task in self._tasks if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def url(self, host: str = "127.0.0.1") -> str:
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}/hook"

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while not writer.is_closing():
                    self.requests.append(await read_request(reader))
                    await self.answer(writer)
                    await writer.drain()
        finally:
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


async def read_request(reader: StreamReader) -> Request:
    """Return the next request of a connection; raises IncompleteReadError at its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head.rstrip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return Request(line, headers, await reader.readexactly(int(headers["content-length"])))


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Return an answer in full; an underscore in a header's name stands for a hyphen."""
    lines = [f"HTTP/1.1 {status} Reason", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join([*lines, "\r\n"]).encode() + body)


def raw(content: bytes, *, close: bool = False, hang: bool = False) -> Answer:
    """Return an answer of just these bytes."""

    async def write(writer: StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        if hang:
            await asyncio.sleep(60)
        if close:
            writer.close()

    return write


def endless(start: bytes, chunk: bytes, chunks: int, pause: float | None = None) -> Answer:
    """Return an answer that goes on for long."""

    async def write(writer: StreamWriter) -> None:
        writer.write(start)
        for _ in range(chunks):
            writer.write(chunk)
            await writer.drain()
            if pause is not None:
                await asyncio.sleep(pause)

    return write
