"""Turns all errors into HTTP responses, as RFC 9457 problem documents."""

import sqlite3
from collections.abc import Sequence
from traceback import format_tb
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path

from service.errors import (
    BadRequest,
    HttpError,
    Invalid,
    MethodNotAllowed,
    NetiquetteError,
    NotFound,
    TooLarge,
    Unavailable,
)
from service.http.database_faults import find_fault
from service.http.doors import Door, find_door
from service.telemetry.metrics import count_conflict

MEDIA_TYPE = "application/problem+json"
MAX_ERRORS = 20
METHOD_NOT_ALLOWED = 405
CONFLICT = 409

log = structlog.get_logger(__name__)

DATABASE_AWAY = (
    "The database is busy or cannot be reached. Send the request again. With the same "
    "Idempotency-Key or external_id, nothing is stored twice."
)


SCHEMA_OUTDATED = (
    "The database lacks tables or columns of this version; nothing was stored. Ask the "
    "operator to run `netiquette migrate`."
)
UNKNOWN_TABLE_OR_COLUMN = ("42P01", "42703")
"""The SQLSTATEs of Postgres for a missing table and a missing column (its manual, appendix A)."""


def install(app: FastAPI, doors: Sequence[Door]) -> None:
    """Register the error handlers with the application."""

    async def handle(request: Request, error: Exception) -> Response:
        path = request.scope["path"]
        response = failure_response(error, find_door(doors, path))
        if response.status_code == METHOD_NOT_ALLOWED:
            _name_methods(request, response)
        return response

    for kind in (NetiquetteError, RequestValidationError, HTTPException, DBAPIError, PoolTimeout):
        app.add_exception_handler(kind, handle)


def _name_methods(request: Request, response: Response) -> None:
    """Set the Allow header to all methods of the path (RFC 9110, section 10.2.1).

    Starlette names only the methods of one route.
    """
    methods = {
        method.upper()
        for template, operations in request.app.openapi()["paths"].items()
        if compile_path(template)[0].match(request.url.path)
        for method in operations
    }
    if methods:
        response.headers["Allow"] = ", ".join(sorted(methods))


def failure_response(error: Exception, door: Door | None) -> Response:
    """Return the response for any error, in the door's form if it has one, or in ours.

    An unforeseen error is logged with its type and traceback, but without its message:
    the message of a database error carries the parameters, such as a comment's text.
    """
    known = _known(error)
    if known is None and not isinstance(error, HTTPException):
        log.error(
            "unexpected_error", error=type(error).__name__, traceback=format_tb(error.__traceback__)
        )
        known = NetiquetteError("The error was logged. Try again; tell the operator if it recurs.")
    if known and known.status == CONFLICT:
        count_conflict(known.slug)
    shown: NetiquetteError | HTTPException = known or error  # type: ignore[assignment]  # the two kinds are told apart above
    foreign = door.render_error(shown) if door else None
    if foreign:
        return foreign
    return _http_response(shown) if isinstance(shown, HTTPException) else problem_response(shown)


def problem_response(error: NetiquetteError) -> JSONResponse:
    """Return the error as a response."""
    return JSONResponse(
        error.problem(), error.status, headers=dict(error.headers), media_type=MEDIA_TYPE
    )


def invalid(errors: Sequence[Any]) -> Invalid:
    """Return pydantic's errors as one problem, without repeating what was sent."""
    shown = [
        {
            "pointer": _pointer(error["loc"]),
            # The prefix that pydantic puts before the message of a validator of ours.
            "detail": error["msg"].removeprefix("Value error, "),
        }
        for error in errors[:MAX_ERRORS]
    ]
    first = shown[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Invalid(f"{first['pointer'] or 'body'}: {first['detail']}{more}", errors=shown)


def _known(error: Exception) -> NetiquetteError | None:
    if isinstance(error, NetiquetteError):
        return error
    if isinstance(error, HTTPException) and error.status_code == TooLarge.status:
        return TooLarge("Send less in one request; see the documented limits.")
    if isinstance(error, RequestValidationError):
        return _request_invalid(error)
    if isinstance(error, (DBAPIError, PoolTimeout)):
        return _unavailable(error)
    return None


def _unavailable(error: DBAPIError | PoolTimeout) -> Unavailable | None:
    """Return a 503 if the database is out of reach, busy or lacks a migration; else None."""
    if isinstance(error, DBAPIError) and _lacks_schema(error):
        log.error("schema_outdated", hint="Run `netiquette migrate`.")
        return Unavailable(SCHEMA_OUTDATED)
    fault = find_fault(error) if isinstance(error, DBAPIError) else None
    if fault:
        log.error("database_unusable", fault=fault.name.lower(), hint=fault.value)
        return Unavailable(fault.value)
    if isinstance(error, (OperationalError, PoolTimeout)) or error.connection_invalidated:
        log.error("database_unavailable", error=type(error).__name__)
        return Unavailable(DATABASE_AWAY)
    return None


def _lacks_schema(error: DBAPIError) -> bool:
    """Tell whether the error says that a table or column is missing."""
    if isinstance(error.orig, sqlite3.Error):
        # Also any other mistake in a statement; its message would carry names of ours only.
        # Errors of Python's module itself have no code.
        return getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return getattr(error.orig, "sqlstate", None) in UNKNOWN_TABLE_OR_COLUMN


def _request_invalid(error: RequestValidationError) -> NetiquetteError:
    errors = error.errors()
    if any(item["type"] == "json_invalid" for item in errors):
        return BadRequest("The body is not valid JSON (RFC 8259).")
    if any(item["loc"] == ("body",) and item["type"] != "value_error" for item in errors):
        return Invalid.at(
            "", "The body must be a JSON object, sent as Content-Type: application/json."
        )
    return invalid([{"loc": _location(item["loc"]), "msg": item["msg"]} for item in errors])


def _location(loc: tuple[Any, ...]) -> tuple[Any, ...]:
    """Drop the leading `body`; keep the name of any other place (query, header, path)."""
    return loc[1:] if loc and loc[0] == "body" else loc


def _pointer(loc: Sequence[Any]) -> str:
    """Return a JSON pointer (RFC 6901, section 3)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)


def _http_response(error: HTTPException) -> Response:
    """Return Starlette's and FastAPI's own errors (404, 405, 413, …) in our form."""
    kinds: dict[int, type[NetiquetteError]] = {
        400: BadRequest,
        404: NotFound,
        405: MethodNotAllowed,
    }
    slug = kinds.get(error.status_code, HttpError).slug
    details = {
        400: "The body cannot be read: send JSON (RFC 8259), as it is or packed with gzip.",
        404: "There is no such path. See /docs for all paths.",
        405: "This path does not take this method. The Allow header names those that it takes.",
    }
    problem = {
        "type": f"urn:netiquette:problem:{slug}",
        "title": slug.replace("-", " ").capitalize(),
        "status": error.status_code,
        "detail": details.get(error.status_code, str(error.detail)),
    }
    return JSONResponse(
        problem, error.status_code, headers=dict(error.headers or {}), media_type=MEDIA_TYPE
    )
