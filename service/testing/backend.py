"""A site's backend for tests: it calls the API, and decides in place of a scoring worker."""

import signal
import socket
import threading
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import httpx2
import uvicorn
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from service.auth.keys import create_key
from service.comments.changes import Change, change_state
from service.comments.repository import lock_comment
from service.db import Database
from service.domain.states import Actor, State
from service.http.callers import Scope
from service.ids import new_id
from service.server import Server
from service.tables import Assessment
from service.testing.rows import SiteRows, add_site


@dataclass(frozen=True)
class Backend:
    """The backend of one site, which calls the API with a key of every scope."""

    client: TestClient
    database: Database
    rows: SiteRows
    token: str

    @classmethod
    def of_new_site(cls, client: TestClient, database: Database) -> "Backend":
        """Make a site, and return its backend."""
        rows = add_site(database, f"zeitung-{new_id()}")
        return cls(client, database, rows, make_key(database, rows.site_id, *Scope))

    def call(self, method: str, path: str, **more: Any) -> Response:
        """Send a request with the site key; a header whose value is None is left out."""
        headers: dict[str, str | None] = {"Authorization": f"Bearer {self.token}"}
        headers |= more.pop("headers", {})
        response: Response = self.client.request(
            method, path, headers={k: v for k, v in headers.items() if v is not None}, **more
        )
        return response

    def post(self, headers: dict[str, Any] | None = None, **changes: Any) -> Response:
        """Post a harmless comment, with these changes."""
        return self.call("POST", "/v1/comments", json=comment_in(**changes), headers=headers or {})

    def comment(self, **changes: Any) -> dict[str, Any]:
        """Post a harmless comment with these changes, assert that it is accepted, and return it."""
        response = self.post(**changes)
        assert response.status_code == 202, response.text  # noqa: S101 - for tests
        answer: dict[str, Any] = response.json()
        return answer

    def read(self, comment_id: str) -> dict[str, Any]:
        """Return a comment as it is now."""
        response = self.call("GET", f"/v1/comments/{comment_id}")
        assert response.status_code == 200, response.text  # noqa: S101 - for tests
        answer: dict[str, Any] = response.json()
        return answer

    def judge(self, comment_id: str, state: State, score: float = 0.1) -> None:
        """Decide the comment's current revision as a scoring worker would."""
        with self.database.write() as session:
            comment = lock_comment(session, self.rows.site_id, UUID(comment_id))
            assessment = Assessment(
                site_id=self.rows.site_id,
                comment_id=comment.id,
                revision=comment.revision,
                model="0" * 64,
                scores={"toxicity": score},
                forms={"plain": {"toxicity": score}},
                provenance={"engine": "none"},
                duration=0.01,
            )
            session.add(assessment)
            session.flush()
            change_state(
                session,
                Change(
                    comment,
                    state,
                    Actor.POLICY,
                    policy=1,
                    assessment_id=assessment.id,
                    reasons=[{"code": "over_threshold", "attribute": "toxicity", "score": score}]
                    if state is State.FLAGGED
                    else [],
                    facts={"forms": assessment.forms},
                ),
            )

    def decide(self, comment_id: str, state: str, **changes: Any) -> Response:
        """Send a moderator's decision on the comment's first revision."""
        decision = {"state": state, "revision": 1, "moderator": {"key": "petra"}} | changes
        return self.call("POST", f"/v1/comments/{comment_id}/decisions", json=decision)


def make_key(
    database: Database,
    site_id: UUID,
    *scopes: Scope,
    rate: str | None = None,
    language: str | None = None,
) -> str:
    """Make a site key with these scopes, and return its token."""
    with database.write() as session:
        made, token = create_key(session, site_id, "test", list(scopes), rate)
        made.language = language
    return token


def comment_in(**changes: Any) -> dict[str, Any]:
    """Return the body of a POST /v1/comments with a harmless comment, and these changes."""
    return {
        "thread": {"key": "artikel"},
        "member": {"key": "lena"},
        "body": "Das sehe ich anders.",
    } | changes


class ServedApi:
    """The API on a real server in this process, and a client with a backend's site key."""

    def __init__(self, app: FastAPI, backend: Backend) -> None:
        """Start nothing yet; use as a context manager."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._server = Server(uvicorn.Config(app, log_config=None, access_log=False))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._client = httpx2.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {backend.token}"},
            timeout=30,
            limits=httpx2.Limits(max_connections=100),
        )

    def __enter__(self) -> Self:
        """Start the server; requests wait until it listens."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()
        self._client.close()
        self._socket.close()

    def stop(self) -> None:
        """Stop the server as SIGTERM does, and wait for its end."""
        self._server.handle_exit(signal.SIGTERM, None)
        self._thread.join(10)

    def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        """Send a request."""
        return self._client.request(method, path, **more)

    def get(self, path: str) -> httpx2.Response:
        """Send a GET request."""
        return self.call("GET", path)

    def post(self, headers: dict[str, str] | None = None, **changes: Any) -> httpx2.Response:
        """Post a harmless comment, with these changes."""
        return self.call("POST", "/v1/comments", json=comment_in(**changes), headers=headers)
