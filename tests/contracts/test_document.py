"""The promises of the OpenAPI document to those who generate clients from it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.domain.states import State
from service.domain.vocabulary import DecisionReason, MemberStatus, Moderation
from service.http.callers import Scope
from service.http.openapi import all_problems, meaning, problem_table
from service.policy.findings import CODES
from service.settings import Settings
from service.testing.backend import Backend
from tests.contracts.calls import SECURED, send

API = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")

METHODS = frozenset({"get", "head", "post", "patch", "put", "delete"})

Found = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Found:
    return create_app(Settings(database_url="sqlite:///unused.db")).openapi()


def operations(document: Found) -> Iterator[tuple[str, str, Found]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS
            yield method, path, operation


def parts(schema: Any, document: Found) -> Iterator[Found]:
    """Give a schema with everything in it, behind references, too."""
    if isinstance(schema, list):
        for item in schema:
            yield from parts(item, document)
    if isinstance(schema, dict):
        yield schema
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            yield from parts(document["components"]["schemas"][name], document)
        for value in schema.values():
            yield from parts(value, document)


def body(operation: Found) -> Any:
    return operation["requestBody"]["content"]["application/json"]["schema"]


def test_no_patch_declares_a_default(document: Found) -> None:
    patches = [one for method, _, one in operations(document) if method == "patch"]
    assert len(patches) == 4
    for operation in patches:
        assert not [part for part in parts(body(operation), document) if "default" in part]


def test_every_time_is_a_date_time(document: Found) -> None:
    times = [
        (name, part)
        for schema in document["components"]["schemas"].values()
        for name, described in schema.get("properties", {}).items()
        if name.endswith("_at") or name in {"at", "until", "timestamp", "failing_since"}
        for part in parts(described, document)
        if part.get("type") == "string"
    ]
    assert len(times) > 20
    assert {part.get("format") for _, part in times} == {"date-time"}


OPERATION_IDS = [
    "analyze_comment",
    "change_member",
    "change_thread",
    "change_webhook",
    "claim_comments",
    "create_comment",
    "create_comments",
    "create_webhook",
    "decide_comment",
    "delete_webhook",
    "edit_comment",
    "erase_member",
    "get_comment",
    "get_comment_history",
    "get_erasure",
    "get_liveness",
    "get_member",
    "get_readiness",
    "get_review_queue",
    "get_thread",
    "get_webhook",
    "head_liveness",
    "head_readiness",
    "list_deliveries",
    "list_events",
    "list_thread_comments",
    "list_webhooks",
    "moderate_coral_comment",
    "redeliver",
    "redeliver_failed",
    "release_claim",
    "report_comment",
    "rotate_webhook_secret",
    "suggest_score",
    "test_webhook",
    "undo_decision",
    "withdraw_comment",
]
"""The names of the methods of generated clients. Add to them; never change or remove one."""


def test_the_operations_keep_their_names(document: Found) -> None:
    assert sorted(one["operationId"] for _, _, one in operations(document)) == OPERATION_IDS


def test_prefer_is_declared_where_it_is_honoured(document: Found) -> None:
    declared = {
        operation["operationId"]
        for _, _, operation in operations(document)
        if any(one["name"] == "Prefer" for one in operation.get("parameters", ()))
    }
    assert declared == {"create_comment", "edit_comment", "list_events"}


def test_the_items_of_a_batch_are_comments(document: Found) -> None:
    comments = document["components"]["schemas"]["BatchIn"]["properties"]["comments"]
    assert comments["items"] == {"$ref": "#/components/schemas/CommentIn"}
    assert (comments["minItems"], comments["maxItems"]) == (1, 500)


def test_spans_and_facts_have_a_form(document: Found) -> None:
    schemas = document["components"]["schemas"]
    spans = schemas["AssessmentOut"]["properties"]["spans"]
    assert spans["items"] == {"$ref": "#/components/schemas/SpanOut"}
    facts = schemas["DecisionItem"]["properties"]["facts"]
    assert facts == {"$ref": "#/components/schemas/FactsOut"}


HEADERS = {
    ("create_comment", "202"): {"Location"},
    ("create_comment", "200"): {"Location", "Preference-Applied"},
    ("edit_comment", "200"): {"Preference-Applied"},
    ("list_events", "200"): {"Preference-Applied"},
    ("create_webhook", "201"): {"Location"},
    ("erase_member", "202"): {"Location"},
    ("get_comment", "401"): {"WWW-Authenticate"},
    ("get_comment", "200"): set(),
    ("create_comment", "429"): {"Retry-After"},
    ("create_comment", "503"): {"Retry-After"},
}


@pytest.mark.parametrize(("answer", "headers"), HEADERS.items(), ids=map("-".join, HEADERS))
def test_the_headers_of_answers_are_declared(
    document: Found, answer: tuple[str, str], headers: set[str]
) -> None:
    name, status = answer
    (responses,) = [
        one["responses"] for _, _, one in operations(document) if one["operationId"] == name
    ]
    assert set(responses[status]["headers"]) == headers | {"X-Request-ID"}


def examples(document: Found, operation: Found) -> list[Any]:
    content = operation["requestBody"]["content"]["application/json"]
    if "example" in content:
        return [content["example"]]
    name = body(operation)["$ref"].rpartition("/")[2]
    shown: list[Any] = document["components"]["schemas"][name].get("examples", [])
    return shown


def test_every_request_has_an_example(document: Found) -> None:
    with_body = [one for _, _, one in operations(document) if "requestBody" in one]
    assert len(with_body) == 14
    assert [one["operationId"] for one in with_body if not examples(document, one)] == []


WITH_BODY = [(method, path) for method, path in SECURED if method in {"POST", "PATCH"}]


def test_every_example_is_taken(document: Found, sqlite_backend: Backend) -> None:
    backend, sent = sqlite_backend, 0
    comment_id = backend.comment()["id"]
    for method, path in WITH_BODY:
        operation = document["paths"][path][method.lower()]
        if "requestBody" not in operation:
            continue
        for one in examples(document, operation):
            answer = send(backend, (method, path), comment_id, backend.token, body=one)
            assert answer.status_code not in {400, 422}, answer.text
            sent += 1
    assert sent >= 11


@pytest.fixture
def sqlite_backend(sqlite_client: TestClient) -> Backend:
    database = sqlite_client.app.state.context.database  # type: ignore[attr-defined]  # a FastAPI
    return Backend.of_new_site(sqlite_client, database)


def test_a_note_has_the_description_and_the_limit_of_a_note(document: Found) -> None:
    schemas = document["components"]["schemas"]
    notes = [schemas[name]["properties"]["note"] for name in ("ReportIn", "DecisionIn")]
    for described in (*notes, schemas["MemberChanges"]["properties"]["reason"]):
        text = next(one for one in described["anyOf"] if one["type"] == "string")
        assert text["maxLength"] == 2000
        assert "1 to 2000 code points" in text["description"]


def fields(document: Found) -> Iterator[tuple[str, Found]]:
    """Give the parameters and the fields of all requests under /v1, but for Coral's."""
    for _, path, operation in operations(document):
        if not path.startswith("/v1/") or "coral" in path:
            continue
        for one in operation.get("parameters", ()):
            yield f"{path} {one['name']}", one["schema"] | one
        for part in parts(operation.get("requestBody", {}), document):
            for name, described in part.get("properties", {}).items():
                yield f"{path} {name}", described


def test_everything_that_is_sent_is_described_and_has_a_limit(document: Found) -> None:
    found = list(fields(document))
    assert len(found) > 100
    for place, described in found:
        alternatives = described.get("anyOf", [described])
        told = any({"description", "$ref"} & one.keys() for one in (described, *alternatives))
        assert told, f"{place} has no description"
        for one in alternatives:
            if one.get("type") == "string" and not place.endswith((" after", " Prefer")):
                limits = {"maxLength", "format", "enum", "const"}
                assert limits & (one | described).keys(), f"{place} has no limit"


def test_scopes_are_told_in_words(document: Found) -> None:
    scheme = document["components"]["securitySchemes"]["SiteKey"]["description"]
    for scope in Scope:
        assert f"- `{scope}`: " in scheme
        assert f"`{scope}`" in API
    for method, path in SECURED:
        operation = document["paths"][path][method.lower()]
        for requirement in operation["security"]:
            ((scope,),) = requirement.values()
            assert f"`{scope}`" in operation["description"].rpartition("Needs a key with")[2]


def test_every_problem_is_listed_with_its_meaning(document: Found) -> None:
    listed = document["components"]["schemas"]["ProblemOut"]["properties"]["type"]["description"]
    assert len(all_problems()) > 30
    for kind in all_problems():
        assert f"`urn:netiquette:problem:{kind.slug}` | {meaning(kind)} |" in listed
    assert problem_table() in API, (
        '.venv/bin/python -c "from service.http.openapi import problem_table; '
        'print(problem_table())" is the table of docs/api.md'
    )


def test_states_and_reasons_are_explained(document: Found) -> None:
    schemas = document["components"]["schemas"]
    for enum in (State, Moderation, MemberStatus):
        for value in enum:
            assert f"`{value}`" in schemas[enum.__name__]["description"]
            assert f"`{value}`" in API
    codes = schemas["ReasonOut"]["properties"]["code"]["description"]
    for code, told in CODES.items():
        assert f"- `{code}`: {told}" in codes
        assert f"| `{code}` | {told} |" in API
    for reason in DecisionReason:
        assert f"`{reason}`" in API
