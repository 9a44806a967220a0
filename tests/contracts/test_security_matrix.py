"""Every operation of the OpenAPI document against every wrong key.

Made from the document, so that a new call is covered from its first day.
"""

from typing import Any

import pytest

from service.auth.keys import LOOKUP_LENGTH, revoke_key
from service.domain.states import State
from service.http.callers import Scope
from service.testing.backend import Backend, make_key
from tests.contracts.calls import BODIES, DOCUMENTED, KEY, OPERATIONS, SECURED, send

MARKER = "GEHEIMNIS"


@pytest.fixture
def comment(backend: Backend) -> dict[str, Any]:
    """Return a flagged comment of the site under attack."""
    made = backend.comment(
        body=MARKER, thread={"key": KEY, "title": MARKER}, external_id="nur-hier"
    )
    backend.judge(made["id"], State.FLAGGED)
    return made


def unchanged(backend: Backend, before: dict[str, Any]) -> None:
    assert backend.read(before["id"]) == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
@pytest.mark.parametrize("kind", ["none", "wrong", "revoked"])
def test_without_a_good_key(
    backend: Backend, comment: dict[str, Any], operation: tuple[str, str], kind: str
) -> None:
    token = None
    if kind == "wrong":
        token = "nq_" + "x" * 43
    if kind == "revoked":
        token = make_key(backend.database, backend.rows.site_id, *Scope)
        with backend.database.write() as session:
            revoke_key(session, backend.rows.site_id, token[:LOOKUP_LENGTH])
    before = backend.read(comment["id"])
    response = send(backend, operation, comment["id"], token)
    assert response.status_code == 401
    assert response.headers["www-authenticate"]
    assert MARKER not in response.text
    unchanged(backend, before)


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_without_any_fitting_scope(
    backend: Backend, comment: dict[str, Any], operation: tuple[str, str]
) -> None:
    scope = Scope.ANALYZE
    token = make_key(backend.database, backend.rows.site_id, scope)
    before = backend.read(comment["id"])
    response = send(backend, operation, comment["id"], token)
    assert response.status_code == 403, response.text
    assert response.json()["type"] == "urn:netiquette:problem:missing-scope"
    unchanged(backend, before)


def test_all_operations_but_these_need_a_key() -> None:
    assert set(DOCUMENTED) - SECURED.keys() == {
        ("POST", "/v1/integrations/coral/{site}"),
        *((method, path) for method in ("GET", "HEAD") for path in ("/healthz", "/readyz")),
    }


@pytest.mark.parametrize(
    ("operation", "meant"),
    [
        (("POST", "/v1/comments"), {Scope.COMMENTS}),
        (("GET", "/v1/comments/{comment_id}"), {Scope.COMMENTS, Scope.REVIEW}),
        (("PATCH", "/v1/members/{key}"), {Scope.REVIEW, Scope.ADMIN}),
        (("DELETE", "/v1/members/{key}"), {Scope.ADMIN}),
        (("POST", "/v1/comments/{comment_id}/decisions"), {Scope.REVIEW}),
        (("GET", "/v1/events"), {Scope.COMMENTS, Scope.REVIEW, Scope.ADMIN}),
        (("POST", "/v1/webhooks"), {Scope.ADMIN}),
        (("POST", "/v1alpha1/comments:analyze"), {Scope.ANALYZE}),
    ],
)
def test_the_document_says_what_was_meant(operation: tuple[str, str], meant: set[Scope]) -> None:
    assert {scope for _, scope in SECURED[operation]} == meant


@pytest.mark.parametrize("operation", SECURED, ids=" ".join)
def test_exactly_the_scopes_of_the_document_are_enough(
    backend: Backend, comment: dict[str, Any], operation: tuple[str, str]
) -> None:
    needed = {scope for _, scope in SECURED[operation]}
    keys = {scope: make_key(backend.database, backend.rows.site_id, scope) for scope in Scope}
    before = backend.read(comment["id"])
    for scope in keys.keys() - needed:
        response = send(backend, operation, comment["id"], keys[scope])
        assert response.status_code == 403, f"{scope}: {response.text}"
        assert f"a key with the scope {' or '.join(scope for _, scope in SECURED[operation])}" in (
            response.text
        )
        unchanged(backend, before)
    for scope in needed:
        response = send(backend, operation, comment["id"], keys[scope])
        assert response.status_code not in {401, 403}, f"{scope}: {response.text}"
        assert response.status_code < 500, f"{scope}: {response.text}"


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_another_sites_key(
    backend: Backend,
    other_site: Backend,
    comment: dict[str, Any],
    operation: tuple[str, str],
) -> None:
    before = backend.read(comment["id"])
    method, path = operation
    response = send(backend, operation, comment["id"], other_site.token)
    if "{" in path:
        known = f"{method} {path}" in BODIES or method in {"GET", "DELETE"}
        # A call that this test has no body for may fall over its body first.
        assert response.status_code in ({404} if known else {403, 404, 422}), response.text
    assert MARKER not in response.text
    assert comment["id"] not in response.text
    unchanged(backend, before)


def test_another_sites_parent_is_no_parent(
    backend: Backend, other_site: Backend, comment: dict[str, Any]
) -> None:
    response = other_site.post(parent_id=comment["id"], thread={"key": KEY})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/parent_id"
    unknown = other_site.post(parent_id=str(backend.rows.site_id), thread={"key": KEY})
    assert unknown.json() == response.json()


def test_what_is_foreign_and_what_is_not_there_read_the_same(
    backend: Backend, other_site: Backend, comment: dict[str, Any]
) -> None:
    for suffix in ("", "/history"):
        foreign = other_site.call("GET", f"/v1/comments/{comment['id']}{suffix}")
        nowhere = other_site.call("GET", f"/v1/comments/{backend.rows.site_id}{suffix}")
        assert foreign.json() == nowhere.json()
