"""The headers that every answer has, and how an answer keeps its own."""

from collections.abc import Mapping

import pytest
from starlette.responses import JSONResponse
from starlette.testclient import TestClient

from service.http.headers import DEFAULTS, DefaultHeaders
from service.testing.backend import Backend


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/threads/artikel/comments", 200),
        ("GET", "/v1/comments/none", 404),
        ("POST", "/v1/comments", 422),
        ("GET", "/nothing", 404),
        ("POST", "/v1alpha1/comments:analyze", 403),
        ("GET", "/healthz", 200),
        ("GET", "/openapi.json", 200),
        ("PUT", "/healthz", 405),
    ],
)
def test_every_answer_has_them(backend: Backend, method: str, path: str, status: int) -> None:
    answer = backend.call(method, path, json={} if method == "POST" else None)
    assert answer.status_code == status
    assert DEFAULTS.items() <= _capitalised(answer.headers).items()


def test_an_answer_before_the_key_is_checked_has_them(backend: Backend) -> None:
    client: TestClient = backend.client
    for answer in (
        client.get("/v1/events"),
        client.get("/healthz", headers={"Host": "evil.example"}),
    ):
        assert answer.status_code in {400, 401}
        assert DEFAULTS.items() <= _capitalised(answer.headers).items()


def test_an_answer_keeps_its_own() -> None:
    own = {"Cache-Control": "private, no-cache", "Content-Security-Policy": "default-src 'self'"}
    client = TestClient(DefaultHeaders(JSONResponse({}, headers=own)))
    got = client.get("/").headers
    assert _capitalised(got) | own == _capitalised(got)
    assert got["X-Content-Type-Options"] == "nosniff"
    assert len(got.get_list("cache-control")) == 1


def _capitalised(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.title(): value for name, value in headers.items()}
