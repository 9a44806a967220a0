"""Every operation of the OpenAPI document, with a call that works."""

from collections.abc import Iterator
from typing import Any

from service.app import create_app
from service.settings import Settings
from service.testing.backend import Backend, comment_in

KEY = "nur-hier"
"""Stands for the key of a thread or a member in a path."""


def operations() -> Iterator[tuple[str, str]]:
    app = create_app(Settings(database_url="sqlite:///unused.db"))
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path


DOCUMENTED = sorted(operations())
OPERATIONS = [
    (method, path)
    for method, path in DOCUMENTED
    if path.startswith("/v1/") and not path.startswith("/v1/integrations/coral/")
]
"""Those that take a site key in a header; Perspective's door takes it in the query, Coral signs."""

BODIES: dict[str, Any] = {
    "POST /v1/comments": comment_in(),
    "POST /v1/comments/batch": {"comments": [comment_in()]},
    "PATCH /v1/comments/{comment_id}": {"body": "Fremd"},
    "PATCH /v1/threads/{key}": {"title": "Neu"},
    "POST /v1/comments/{comment_id}/decisions": {
        "state": "approved",
        "revision": 1,
        "moderator": {"key": "petra"},
    },
    "POST /v1/webhooks": {"url": "https://cms.example.org/", "events": ["comment.approved"]},
    "PATCH /v1/webhooks/{endpoint_id}": {"enabled": False},
}


def send(backend: Backend, operation: tuple[str, str], comment_id: str, token: str | None) -> Any:
    method, path = operation
    filled = path.format_map(_Values(comment_id=comment_id, key=KEY))
    body = BODIES.get(f"{method} {path}", {})
    more = {"json": body} if method in {"POST", "PATCH", "PUT"} else {}
    headers = {"Authorization": f"Bearer {token}" if token else None}
    return backend.call(method, filled, headers=headers, **more)


class _Values(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return self["comment_id"]
