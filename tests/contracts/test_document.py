"""The promises of the OpenAPI document to those who generate clients from it."""

from collections.abc import Iterator
from typing import Any

import pytest

from service.app import create_app
from service.settings import Settings

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
