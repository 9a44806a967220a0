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
STATE = Path("state.json")
lock = Lock()
state: dict[str, Any] = {"position": 0, "seen": [], "newest": {}}


def apply(message_id: str, sequence: int, event: dict[str, Any]) -> None:
    """Apply an event once, and never an older one about the same comment after a newer one."""
    with lock:
        comment = event["data"].get("comment", {}).get("id")
        if message_id in state["seen"] or sequence <= state["newest"].get(comment, 0):
            return
        print(sequence, event["type"], comment, flush=True)
        state["seen"] = [*state["seen"], message_id][-10_000:]
        if comment:
            state["newest"][comment] = sequence
        STATE.write_text(json.dumps(state))


def catch_up() -> None:
    """Read what was missed, however long this was away; 410 means: longer than it is kept."""
    while True:
        url = f"{API}/v1/events?after={state['position']}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {KEY}"})
        with urllib.request.urlopen(request, timeout=30) as response:
            page = json.load(response)
        for item in page["items"]:
            apply(item["id"], item["sequence"], item)
        state["position"] = page["next"]
        if not page["items"]:
            return


class Receiver(BaseHTTPRequestHandler):
    """Answers deliveries."""

    def do_POST(self) -> None:
        """Apply a delivery whose signature is right."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            event = Webhook(SECRET).verify(body, dict(self.headers))
        except WebhookVerificationError:
            self.send_error(400, "Bad signature")
            return
        apply(self.headers["webhook-id"], event["data"]["sequence"], event)
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    if STATE.exists():
        state.update(json.loads(STATE.read_text()))
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    catch_up()
    print("ready", flush=True)
    server.serve_forever()
