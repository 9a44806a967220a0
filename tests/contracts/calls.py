"""Every operation of the OpenAPI document, with a call that works."""

from collections.abc import Iterator
from typing import Any

from service.app import create_app
from service.http.callers import Scope
from service.settings import Settings
from service.testing.backend import Backend, comment_in

KEY = "nur-hier"
"""Stands for the key of a thread or a member in a path."""

IN_QUERY = "SiteKeyInQuery"


def operations() -> Iterator[tuple[tuple[str, str], list[tuple[str, Scope]]]]:
    """Give each operation, with the schemes and scopes of which it needs one."""
    app = create_app(Settings(database_url="sqlite:///unused.db"))
    for path, methods in app.openapi()["paths"].items():
        for method, described in methods.items():
            requirements = [item for one in described.get("security", []) for item in one.items()]
            needed = [(scheme, Scope(scope)) for scheme, scopes in requirements for scope in scopes]
            assert len(needed) == len(requirements), "two scopes in one requirement, or none"
            yield (method.upper(), path), needed


_NEEDED = dict(sorted(operations()))
DOCUMENTED = list(_NEEDED)
SECURED = {operation: needed for operation, needed in _NEEDED.items() if needed}
"""Those that take a site key, with the scheme and the scope of each key that will do."""

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
    "PATCH /v1/threads/{key}": {"open": True},
    "POST /v1/comments/{comment_id}/decisions": {
        "state": "approved",
        "revision": 1,
        "moderator": {"key": "petra"},
    },
    "POST /v1/webhooks": {"url": "https://cms.example.org/", "events": ["comment.approved"]},
    "PATCH /v1/webhooks/{endpoint_id}": {"enabled": False},
}


def send(
    backend: Backend,
    operation: tuple[str, str],
    comment_id: str,
    token: str | None,
    body: Any = None,
) -> Any:
    """Call the operation with this key, or none; without a body, with one that works."""
    method, path = operation
    filled = path.format_map(_Values(comment_id=comment_id, key=KEY))
    body = BODIES.get(f"{method} {path}", {}) if body is None else body
    more = {"json": body} if method in {"POST", "PATCH", "PUT"} else {}
    if token and any(scheme == IN_QUERY for scheme, _ in SECURED.get(operation, ())):
        more["params"], token = {"key": token}, None
    headers = {
        "Authorization": f"Bearer {token}" if token else None,
        "Netiquette-Moderator": "petra",
    }
    return backend.call(method, filled, headers=headers, **more)


class _Values(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return self["comment_id"]
