"""A webhook receiver in Python, which needs `pip install standardwebhooks`.

WEBHOOK_SECRET=whsec_… API=http://127.0.0.1:8000 API_KEY=nq_… python receiver.py 9000

It prints what it applies. What it knows stands in `state.json`; a real one keeps that in
its database, in the transaction that applies the event.
"""

import json
import os
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

SECRET, API, KEY = (os.environ[name] for name in ("WEBHOOK_SECRET", "API", "API_KEY"))
FILE, lock = Path("state.json"), Lock()
state = json.loads(FILE.read_text() if FILE.exists() else '{"position":0,"seen":[],"newest":{}}')


def apply(message_id: str, sequence: int, event: dict[str, Any]) -> None:
    """Apply an event once, and a comment's state never after a newer one."""
    comment = event["data"]["comment"]["id"] if "decision" in event["data"] else None
    if message_id not in state["seen"] and sequence > state["newest"].get(comment, 0):
        print(sequence, event["type"], flush=True)
        state["seen"] = [*state["seen"], message_id][-10_000:]
        state["newest"] |= {comment: sequence} if comment else {}


def catch_up() -> bool:
    """Read on in what was missed; tell if there may be more. 410: it is no longer kept."""
    url = f"{API}/v1/events?after={state['position']}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        page = json.load(response)
    for item in page["items"]:
        apply(item["id"], item["sequence"], item)
    state["position"] = page["next"]
    FILE.write_text(json.dumps(state))
    return bool(page["items"])


class Receiver(BaseHTTPRequestHandler):
    """Answers deliveries."""

    def do_POST(self) -> None:
        """Apply a delivery whose signature is right."""
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        try:
            event = Webhook(SECRET).verify(body, dict(self.headers))
        except (WebhookVerificationError, ValueError):  # the latter for what is no signature
            self.send_error(400, "Bad signature")
            return
        with lock:
            apply(self.headers["webhook-id"], event["data"]["sequence"], event)
            FILE.write_text(json.dumps(state))
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    while catch_up():
        pass
    print("ready", flush=True)
    server.serve_forever()
