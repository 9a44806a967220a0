"""Perspective's door: its addresses, its key in the query, its size limit."""

from starlette.datastructures import QueryParams
from starlette.types import Scope

from service.compat.perspective.errors import InvalidApiKey, MissingApiKey, render_error
from service.http.callers import Caller
from service.http.doors import Door, FindCaller

PREFIX = "/v1alpha1/"

MAX_BODY = 256 * 1024
"""Largest request body in bytes. Validating a larger one would block the event loop for seconds."""


async def authenticate(scope: Scope, find: FindCaller) -> Caller:
    """Return the caller whose key is in the query, where Google's clients put it.

    Raises MissingApiKey or InvalidApiKey.
    """
    token = QueryParams(scope["query_string"]).get("key", "").strip()
    if not token:
        raise MissingApiKey("Send a site key with the scope analyze in the query: ?key=nq_…")
    caller = await find(token)
    if caller is None:
        raise InvalidApiKey("API key not valid. Please pass a valid API key.")
    return caller


DOOR = Door(PREFIX, render_error, authenticate, max_body=MAX_BODY)
