"""Adds the errors and scopes of each operation to the OpenAPI document.

A feature names only the errors that it raises itself. This module adds the errors that
all calls of a kind share: those of the key where the call needs one, those of the body
where it takes one, and the rate limit where the call writes.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from service import errors
from service.errors import (
    BadRequest,
    Invalid,
    MissingScope,
    NetiquetteError,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnsupportedEncoding,
)
from service.http.doors import Door, find_door
from service.http.problems import MEDIA_TYPE

SAFE_METHODS = ("get", "head")

Responses = dict[int | str, dict[str, Any]]

_TEXT = {"schema": {"type": "string"}}

LOCATION = {"Location": {"description": "Path of what was made or accepted", **_TEXT}}
"""The header of answers that tell where something is; features name it in their `responses`."""

_OF_EVERY_ANSWER = {
    "X-Request-ID": {"description": "Id of the request, which the service's logs name", **_TEXT}
}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which to send the request again (RFC 9110, 10.2.3)",
        "schema": {"type": "integer", "minimum": 0},
    }
}
_OF_STATUS: dict[str, dict[str, Any]] = {
    "401": {"WWW-Authenticate": {"description": "The scheme of the key (RFC 6750)", **_TEXT}},
    "429": _RETRY_AFTER,
    "503": _RETRY_AFTER,
}
_APPLIED = {
    "Preference-Applied": {
        "description": "`wait=N` if the outcome came in time (RFC 7240, section 3)",
        **_TEXT,
    }
}


def with_example(**fields: Any) -> dict[str, Any]:
    """Return the `openapi_extra` of an operation whose body has a form that is not ours."""
    return {"requestBody": {"content": {"application/json": {"example": fields}}}}


def all_problems() -> list[type[NetiquetteError]]:
    """Return every kind of problem, by status and slug."""
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    return sorted(
        (kind for kind in kinds if issubclass(kind, NetiquetteError)),
        key=lambda kind: (kind.status, kind.slug),
    )


def meaning(kind: type) -> str:
    """Return the first paragraph of the docstring, in one line."""
    return " ".join((kind.__doc__ or "").partition("\n\n")[0].split())


def problem_table() -> str:
    """Return every `type` of problem with its meaning, as a table in Markdown."""
    rows = [
        f"| {kind.status} | `{errors.TYPE_PREFIX}{kind.slug}` | {meaning(kind)} |"
        for kind in all_problems()
        # Its instances name their status themselves.
        if kind is not errors.HttpError
    ]
    rows.append(
        f"| … | `{errors.TYPE_PREFIX}{errors.HttpError.slug}` | {meaning(errors.HttpError)} |"
    )
    return "\n".join(["| status | `type` | meaning |", "|---|---|---|", *rows])


class ProblemOut(BaseModel):
    """An RFC 9457 problem document; `type` is stable, the texts may change."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        examples=["urn:netiquette:problem:not-found"],
        description=f"Branch on this. More may be added.\n\n{problem_table()}",
    )
    title: str
    status: int
    detail: str = Field(description="What to do about it")
    errors: list[dict[str, str]] | None = Field(
        None, description="For 422: a JSON pointer (RFC 6901) and a detail for each error"
    )
    retry_after: int | None = Field(None, description="For 429: wait this many seconds")


def problems(*kinds: type[NetiquetteError]) -> Responses:
    """Return the `responses` of an endpoint that can answer with these errors.

    The description of a status lists the slugs, which are the ends of the problems' `type`s,
    with their meanings.
    """
    by_status: dict[int, list[type[NetiquetteError]]] = defaultdict(list)
    for kind in kinds:
        by_status[kind.status].append(kind)
    return {status: _response(of_status) for status, of_status in by_status.items()}


def describe_problems(app: FastAPI, doors: Sequence[Door]) -> None:
    """Add the shared errors, headers and scopes to the application's OpenAPI document.

    An operation lists its scopes as alternatives: a key needs any one of them. Few tools
    show them, so its description names them, too. Doors
    have their own form of errors, so theirs stay as they are. FastAPI documents its own
    form of 422 for all parameters that can fail; we never send it, so it is removed.
    """
    compose = app.openapi

    def openapi() -> dict[str, Any]:
        document = compose()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.setdefault("ProblemOut", ProblemOut.model_json_schema())
        for unsent in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unsent, None)
        for name, schema in schemas.items():
            # FastAPI keeps the title of both, and generators name their classes by it.
            if name.endswith(("-Input", "-Output")):
                schema["title"] = name.replace("-", "")
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if "security" in operation:
                    operation["security"] = _alternatives(operation["security"])
                    _tell_scopes(operation)
                can_be_invalid = _drop_unsent(operation)
                if find_door(doors, path) is None:
                    _add_common(method, operation, can_be_invalid=can_be_invalid)
                _add_headers(operation)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _drop_unsent(operation: dict[str, Any]) -> bool:
    """Drop FastAPI's own 422; return whether any part of the request can be invalid.

    An id in the path does not count: a malformed id gets the same answer as an unknown one.
    """
    if "application/json" in operation["responses"].get("422", {}).get("content", {}):
        del operation["responses"]["422"]
    names = [parameter["name"] for parameter in operation.get("parameters", ())]
    return "requestBody" in operation or any(not name.endswith("_id") for name in names)


def _add_common(method: str, operation: dict[str, Any], *, can_be_invalid: bool) -> None:
    kinds: list[type[NetiquetteError]] = []
    if "security" in operation:
        kinds += [Unauthorized, MissingScope]
        if method not in SAFE_METHODS:
            kinds += [TooManyRequests]
        if can_be_invalid:
            kinds += [Invalid]
    if "requestBody" in operation:
        kinds += [BadRequest, TooLarge, UnsupportedEncoding]
    if kinds:
        kinds += [Unavailable]
    for status, response in problems(*kinds).items():
        _merge(operation["responses"], str(status), response)


def _merge(responses: dict[str, Any], status: str, response: dict[str, Any]) -> None:
    """Add a response; if the feature already describes the status, add the slugs to it."""
    if status not in responses:
        responses[status] = response
    elif response["description"] not in responses[status]["description"]:
        responses[status]["description"] += "\n" + response["description"]


def _add_headers(operation: dict[str, Any]) -> None:
    waits = any(one["name"] == "Prefer" for one in operation.get("parameters", ()))
    for status, response in operation["responses"].items():
        headers = response.setdefault("headers", {})
        headers |= _OF_EVERY_ANSWER | _OF_STATUS.get(status, {})
        if waits and status == "200":
            headers |= _APPLIED


def _tell_scopes(operation: dict[str, Any]) -> None:
    scopes = [scope for one in operation["security"] for named in one.values() for scope in named]
    told = " or ".join(f"`{scope}`" for scope in scopes)
    operation["description"] += f"\n\nNeeds a key with the scope {told}."


def _response(kinds: Iterable[type[NetiquetteError]]) -> dict[str, Any]:
    return {
        "description": "\n".join(f"- `{kind.slug}`: {meaning(kind)}" for kind in kinds),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
    }


def _alternatives(requirements: list[dict[str, list[str]]]) -> list[dict[str, list[str]]]:
    """Return one requirement for each scope: in OpenAPI, one that lists two asks for both."""
    return [
        {scheme: [scope]}
        for requirement in requirements
        for scheme, scopes in requirement.items()
        for scope in scopes
    ]
