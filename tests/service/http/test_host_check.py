"""Which host names are known."""

from collections.abc import Iterator

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from service.app import create_app
from service.settings import Settings

DEAD_PORT = "redis://127.0.0.1:1/0"
NOWHERE = "sqlite:////nowhere/never-opened.db"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = create_app(
        Settings(
            database_url=NOWHERE,
            redis_url=DEAD_PORT,
            allowed_hosts="Netiquette.example, *.zeitung.example",
        )
    )
    yield TestClient(app)
    app.state.context.database.dispose()


@pytest.mark.parametrize(
    "host",
    [
        "netiquette.example",
        "NETIQUETTE.example:8443",
        "a.b.zeitung.example",
        "127.0.0.1:8000",
        "localhost",
        "[::1]:8000",
    ],
)
def test_known_hosts(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).json() == {"status": "ok"}


@pytest.mark.parametrize(
    "host",
    ["", "testserver", "zeitung.example", "netiquette.example.evil.example", "www.localhost", "@"],
)
@pytest.mark.parametrize("path", ["/healthz", "/v1/comments", "/docs", "/nothing"])
def test_unknown_hosts(client: TestClient, host: str, path: str) -> None:
    response = client.get(path, headers={"Host": host})
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:netiquette:problem:unknown-host"
    assert response.headers["x-request-id"]


@pytest.mark.parametrize("other", ["netiquette.example", "evil.example", ""])
def test_two_hosts_are_refused(client: TestClient, other: str) -> None:
    response = client.get("/healthz", headers=[("Host", "netiquette.example"), ("Host", other)])
    assert response.status_code == 400
    assert response.json()["type"] == "urn:netiquette:problem:bad-request"


def test_any_host_is_known_only_where_that_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETIQUETTE_ALLOWED_HOSTS")
    assert Settings().allowed_hosts == ()
    app = create_app(Settings(database_url=NOWHERE, redis_url=DEAD_PORT, allowed_hosts=("*",)))
    assert TestClient(app).get("/healthz", headers={"Host": "x.example"}).status_code == 200
    app.state.context.database.dispose()


@pytest.mark.parametrize("pattern", ["https://a.example", "a.example:80", "*a", "a.*", "a b", ""])
def test_what_is_no_host_name_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError):
        Settings(allowed_hosts=(pattern,))
