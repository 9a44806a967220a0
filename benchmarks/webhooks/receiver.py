"""A receiver that keeps what it is sent: `python -m benchmarks.webhooks.receiver PORT`.

`POST /ok/N` answers 204, `/broken` 500, `/hang` never; `GET /seen` tells the first two
and the last moment of all that came to `/ok`, `GET /log` everything.
"""

import asyncio
import json
import sys
import time
from typing import Any

import uvicorn

LOG: list[tuple[str, str, float, bytes]] = []
"""Path, `webhook-id`, time of arrival, body."""

HANGS_FOR = 3600.0


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Serve one request."""
    if scope["type"] != "http":
        return
    path: str = scope["path"]
    if path == "/seen":
        seen = {"count": len(LOG), "first": LOG[0][2], "last": LOG[-1][2]} if LOG else {"count": 0}
        await _answer(send, 200, json.dumps(seen).encode())
    elif path == "/log":
        entries = [[where, message, at, json.loads(body)] for where, message, at, body in LOG]
        await _answer(send, 200, json.dumps(entries).encode())
    elif path == "/hang":
        await asyncio.sleep(HANGS_FOR)
    elif path == "/broken":
        await _answer(send, 500, b"broken")
    else:
        message = dict(scope["headers"]).get(b"webhook-id", b"").decode()
        if body := await _body(receive):
            LOG.append((path, message, time.time(), body))
            await _answer(send, 204, b"")


async def _body(receive: Any) -> bytes:
    """Return the whole body; nothing where the sender was killed meanwhile."""
    body = b""
    while True:
        part = await receive()
        if part["type"] == "http.disconnect":
            return b""
        more: bytes = part.get("body", b"")
        body += more
        if not part.get("more_body"):
            return body


async def _answer(send: Any, status: int, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
