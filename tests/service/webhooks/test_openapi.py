"""What is published of the payloads is what is sent."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings
from service.webhooks.openapi import EXAMPLES, schema
from service.webhooks.payloads import Payload

SCHEMA = Path(__file__).parents[3] / "docs" / "webhooks" / "payload.schema.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    app: FastAPI = create_app(Settings(database_url="sqlite:///unused.db"))
    return app.openapi()


def test_the_schema_is_the_codes() -> None:
    assert SCHEMA.read_text("utf-8") == schema(), (
        '.venv/bin/python -c "from service.webhooks.openapi import schema; '
        "print(schema(), end='')\" > docs/webhooks/payload.schema.json"
    )


def test_each_kind_of_data_has_an_example() -> None:
    kinds = {type(Payload.model_validate(example).data) for example in EXAMPLES.values()}
    assert kinds == set(Payload.model_fields["data"].annotation.__args__)  # type: ignore[union-attr]  # a union


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_what_could_be_sent(name: str) -> None:
    payload = Payload.model_validate(EXAMPLES[name])
    assert payload.model_dump(mode="json", exclude_unset=True) == EXAMPLES[name]


def test_the_document_tells_of_them(document: dict[str, Any]) -> None:
    operation = document["webhooks"]["event"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Payload"}
    assert {name: one["value"] for name, one in content["examples"].items()} == EXAMPLES
    headers = [parameter["name"] for parameter in operation["parameters"]]
    assert headers == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    assert set(operation["responses"]) == {"2XX"}


def test_whatever_the_document_refers_to_is_there(document: dict[str, Any]) -> None:
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(_references(document)) <= known


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for one in node for found in _references(one)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [found for one in node.values() for found in _references(one)]
