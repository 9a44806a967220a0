"""The protocol around the calls: keys, bodies, methods, paths, docs."""

import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from service.testing.backend import Backend, comment_in

JSON = {"Content-Type": "application/json"}
DEAD_PORT = "redis://127.0.0.1:1/0"


def is_problem(response: Any, status: int, slug: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == f"urn:netiquette:problem:{slug}"
    assert response.headers["x-request-id"]


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer nq_", "Basic bnE6", "Bearer nq_" + "x" * 43, "nq_x"],
)
@pytest.mark.parametrize("path", ["/v1/comments", "/v1/nothing", "/v1/"])
def test_without_a_good_key(backend: Backend, authorization: str | None, path: str) -> None:
    response = backend.call("POST", path, headers={"Authorization": authorization})
    is_problem(response, 401, "unauthorized")
    assert response.headers["www-authenticate"].startswith("Bearer ")


def test_a_key_with_its_first_characters_right_is_no_key(backend: Backend) -> None:
    almost = {"Authorization": f"Bearer {backend.token[:-1]}_"}
    is_problem(backend.call("GET", "/v1/review/queue", headers=almost), 401, "unauthorized")


def test_the_scheme_may_be_written_in_any_case(backend: Backend) -> None:
    lower = {"Authorization": f"bearer  {backend.token}"}
    assert backend.call("GET", "/v1/review/queue", headers=lower).status_code == 200


def test_a_key_in_the_address_counts_for_nothing(backend: Backend) -> None:
    path = f"/v1/review/queue?key={backend.token}"
    response = backend.call("GET", path, headers={"Authorization": None})
    is_problem(response, 401, "unauthorized")


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (b"{", 400, "bad-request"),
        (b"", 422, "invalid"),
        (b"null", 422, "invalid"),
        (b"NaN", 422, "invalid"),
        (b"[" * 10_000, 400, "bad-request"),
        (b'{"a":' * 5_000, 400, "bad-request"),
        (b'{"body": ' + b"9" * 5000 + b"}", 400, "bad-request"),
        (b'{"body": 1e999}', 422, "invalid"),
        (b'{"body": "\xff"}', 400, "bad-request"),
        (b'{"body": "\x00"}', 400, "bad-request"),
        (b'{"\\ud800": 1}', 422, "invalid"),
        (b'{"body": "\\ud800"}', 422, "invalid"),
        ("{}".encode("utf-16"), 422, "invalid"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/comments", "/v1/comments/batch"])
def test_malformed_bodies(backend: Backend, path: str, body: bytes, status: int, slug: str) -> None:
    is_problem(backend.call("POST", path, content=body, headers=JSON), status, slug)


def test_a_byte_order_mark_is_ignored(backend: Backend) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(comment_in()).encode()
    assert backend.call("POST", "/v1/comments", content=body, headers=JSON).status_code == 202


def test_lone_surrogates_in_a_batch_spoil_nothing(backend: Backend) -> None:
    body = json.dumps({"comments": [{"\ud800": 1}, comment_in(body="\udc00"), comment_in()]})
    response = backend.call("POST", "/v1/comments/batch", content=body, headers=JSON)
    assert ["error" in item for item in response.json()["items"]] == [True, True, False]


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/comments", {"POST"}),
        ("/v1/comments/x", {"GET", "PATCH", "DELETE"}),
        ("/v1/comments/x/history", {"GET"}),
        ("/v1/threads/a", {"GET", "PATCH"}),
        ("/v1/threads/a/comments", {"GET"}),
        ("/v1/review/queue", {"GET"}),
        ("/healthz", {"GET", "HEAD"}),
        ("/readyz", {"GET", "HEAD"}),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE"])
def test_other_methods_learn_the_right_ones(
    backend: Backend, path: str, methods: set[str], method: str
) -> None:
    response = backend.call(method, path)
    is_problem(response, 405, "method-not-allowed")
    assert set(response.headers["allow"].split(", ")) == methods


def test_head_has_no_body_and_names_the_methods(backend: Backend) -> None:
    response = backend.call("HEAD", "/v1/comments/x")
    assert (response.status_code, response.content) == (405, b"")


@pytest.mark.parametrize("path", ["/v1/comments/", "/v1//comments", "/v2/comments", "/nope"])
def test_other_paths(backend: Backend, path: str) -> None:
    is_problem(backend.call("POST", path, json=comment_in()), 404, "not-found")


@pytest.fixture(scope="module")
def small(sqlite_client: TestClient) -> Iterator[Backend]:
    """Give a backend of an API that takes bodies of 1,000 bytes."""
    database = sqlite_client.app.state.context.database  # type: ignore[attr-defined]  # a FastAPI
    url = database.engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, redis_url=DEAD_PORT, max_body_bytes=1000))
    with TestClient(app) as client:
        yield Backend.of_new_site(client, database)


@pytest.mark.parametrize("announced", [True, False])
def test_large_bodies(small: Backend, announced: bool) -> None:
    raw = json.dumps(comment_in(body="x" * 1000)).encode()
    content: Any = raw if announced else iter([raw[:500], raw[500:]])
    is_problem(small.call("POST", "/v1/comments", content=content, headers=JSON), 413, "too-large")
    fits = json.dumps(comment_in(body="x" * 100)).encode()
    content = fits if announced else iter([fits[:50], fits[50:]])
    assert small.call("POST", "/v1/comments", content=content, headers=JSON).status_code == 202


def keys(count: int) -> str:
    return "{" + ",".join(f'"{number}":1' for number in range(count)) + "}"


HOSTILE = {
    "keys": keys(1_000_000),
    "keys in a batch": '{"comments":[' + keys(1_000_000) + "]}",
    "numbers": '{"comments":[' + "1," * 3_000_000 + "1]}",
    "depth": '{"comments":' + "[" * 1_000_000,
}


@pytest.mark.parametrize("path", ["/v1/comments", "/v1/comments/batch"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_bodies_that_cost_more_than_their_bytes_are_not_parsed(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
) -> None:
    monkeypatch.setattr(json, "loads", pytest.fail)
    response = backend.client.post(
        path,
        content=HOSTILE[kind].encode(),
        headers=JSON | {"Authorization": f"Bearer {backend.token}"},
    )
    monkeypatch.undo()
    is_problem(response, 413, "too-large")


def test_a_batch_of_the_most_comments_with_all_fields_is_parsed(backend: Backend) -> None:
    item = comment_in(
        thread={"key": "t", "url": "https://zeitung.example/t", "title": "T, T: T [T] {T}"},
        member={"key": "m", "name": "M, M"},
        body='Erstens, zweitens, drittens: "[{,:' * 20,
        external_id=None,
        parent_id=None,
        audience="public",
        language="de",
    )
    response = backend.call("POST", "/v1/comments/batch", json={"comments": [item] * 500})
    assert response.status_code == 202
    assert len(response.json()["items"]) == 500


@pytest.mark.parametrize(
    ("path", "pointer"), [("/v1/comments", ""), ("/v1/comments/batch", ""), ("thread", "/thread")]
)
def test_an_object_of_many_fields_is_one_error(backend: Backend, path: str, pointer: str) -> None:
    many = json.loads(keys(2_000))
    body = comment_in(thread=many) if path == "thread" else many
    response = backend.call("POST", "/v1/comments" if path == "thread" else path, json=body)
    is_problem(response, 422, "invalid")
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


def test_the_longest_comments_fit_however_they_are_written(backend: Backend) -> None:
    body = "🙂" * 10_000
    raw = json.dumps(comment_in(body=body))
    assert len(raw) > 120_000
    assert backend.call("POST", "/v1/comments", content=raw, headers=JSON).json()["body"] == body
    commas = comment_in(body="a," * 5_000)
    assert backend.call("POST", "/v1/comments", json=commas).status_code == 202
    batch = {"comments": [comment_in(body="Ja, " * 2_500)] * 20}
    answer = backend.call("POST", "/v1/comments/batch", json=batch)
    assert all("id" in item for item in answer.json()["items"])


@pytest.mark.parametrize("announced", [True, False])
def test_the_key_is_looked_at_before_the_body(small: Backend, announced: bool) -> None:
    read = threading.Event()

    def parts() -> Iterator[bytes]:
        yield b"{"
        read.set()
        yield b"x" * 2000

    headers = {"Authorization": "Bearer nq_wrong", **JSON}
    content: Any = b"x" * 2000 if announced else parts()
    is_problem(
        small.call("POST", "/v1/comments", content=content, headers=headers), 401, "unauthorized"
    )


@pytest.mark.parametrize("length", ["x", "-1", "9" * 4000, "٣"])
def test_lengths_that_are_none(small: Backend, length: str) -> None:
    response = small.call(
        "POST", "/v1/comments", headers={"Content-Length": length.encode(), **JSON}
    )
    assert response.status_code in {413, 422}


def test_the_docs_need_nobody_else(backend: Backend) -> None:
    page = backend.client.get("/docs")
    assert page.status_code == 200
    addresses = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
    assert len(addresses) == 3
    for address in addresses:
        assert address.startswith("/static/")
        assert backend.client.get(address).status_code == 200
    assert "//" not in page.text.replace("// ", "").replace("<!--", "")
    assert backend.client.get("/openapi.json").json()["info"]["title"] == "Netiquette"


def test_static_files_stay_in_their_folder(backend: Backend) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/%2e%2e/app.py", "/static/..%2fapp.py"):
        assert backend.client.get(path).status_code == 404


def test_a_surprise_is_answered_and_not_told(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("geheim".upper())

    monkeypatch.setattr("service.comments.use_cases.get_record", fail)
    response = backend.call("GET", f"/v1/comments/{backend.rows.site_id}")
    is_problem(response, 500, "internal")
    told = capsys.readouterr()
    assert "GEHEIM" not in response.text + told.out + told.err
    assert "unexpected_error" in told.out


def test_a_database_error_carries_no_text(backend: Backend) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    with pytest.raises(DBAPIError) as caught, backend.database.read() as session:
        session.execute(text("SELECT :body FROM nowhere"), {"body": "GEHEIM"})
    assert "GEHEIM" not in str(caught.value)
