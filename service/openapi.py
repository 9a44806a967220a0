"""What the OpenAPI document says of errors."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from service.body_limit import DOORS
from service.problems import MEDIA_TYPE


class ProblemOut(BaseModel):
    """An RFC 9457 problem document; `type` is stable, texts may change."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:netiquette:problem:not-found"])
    title: str
    status: int
    detail: str = Field(description="What to do about it")
    errors: list[dict[str, str]] | None = Field(
        None, description="For 422: a JSON pointer (RFC 6901) and a detail for each place"
    )
    retry_after: int | None = Field(None, description="For 429: seconds")


PROBLEM: dict[str, Any] = {
    "description": "Problem",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of an endpoint that can answer with these statuses, and 503."""
    return dict.fromkeys((*statuses, 503), PROBLEM)


def describe_problems(app: FastAPI) -> None:
    """Put the schema that `problems` refers to into the application's OpenAPI document.

    FastAPI adds its own form of 422 wherever a parameter could fail; it is never sent.
    """
    compose = app.openapi

    def openapi() -> dict[str, Any]:
        document = compose()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault("ProblemOut", ProblemOut.model_json_schema())
        for unsent in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unsent, None)
        for path, operations in document["paths"].items():
            for operation in operations.values():
                if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                    del operation["responses"]["422"]
                if "requestBody" in operation and not path.startswith(DOORS):
                    # no JSON, too many bytes
                    operation["responses"] |= {"400": PROBLEM, "413": PROBLEM}
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it
