"""FastAPI dependencies that give the caller, check the key's scopes and count its requests."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyQuery, HTTPBearer
from fastapi.security.base import SecurityBase

from service.auth.rates import ANALYZE, KEY, count_request
from service.errors import MissingScope
from service.http.callers import Caller, Scope, scope_list
from service.http.context import Context

SITE_KEY = f"A site key: nq_…, with one of the scopes that the operation names.\n\n{scope_list()}"

# Declares the scheme in the OpenAPI document; the middleware checks the key.
_bearer = HTTPBearer(auto_error=False, description=SITE_KEY, scheme_name="SiteKey")

_in_query = APIKeyQuery(
    name="key", auto_error=False, description=SITE_KEY, scheme_name="SiteKeyInQuery"
)


def allow(*scopes: Scope, scheme: SecurityBase = _bearer) -> Callable[..., Caller]:
    """Return a dependency that gives the caller, or raises MissingScope.

    The key needs one of `scopes`.
    """

    def caller(
        request: Request,
        # For the document alone: FastAPI checks neither the key nor its scopes.
        _credentials: Annotated[object, Security(scheme, scopes=scopes)],
    ) -> Caller:
        found: Caller = request.state.caller
        if found.scopes.isdisjoint(scopes):
            raise MissingScope(f"This call needs a key with the scope {' or '.join(scopes)}.")
        return found

    return caller


def allow_write(
    *scopes: Scope, scheme: SecurityBase = _bearer, kind: str = KEY
) -> Callable[..., Caller]:
    """Return a dependency like `allow` that also counts the request against the key's limit.

    Each `kind` of request is counted separately, against the whole limit. The dependency
    raises TooManyRequests over the limit.
    """

    def writer(
        context: Context, caller: Annotated[Caller, Depends(allow(*scopes, scheme=scheme))]
    ) -> Caller:
        count_request(context, caller, kind)
        return caller

    return writer


ReadingKey = Annotated[Caller, Depends(allow(Scope.COMMENTS, Scope.REVIEW))]
ReviewKey = Annotated[Caller, Depends(allow(Scope.REVIEW))]
AdminKey = Annotated[Caller, Depends(allow(Scope.ADMIN))]
# Events hold neither texts nor names, so a key with any of these scopes may read them.
EventsKey = Annotated[Caller, Depends(allow(Scope.COMMENTS, Scope.REVIEW, Scope.ADMIN))]

ReadingWriteKey = Annotated[Caller, Depends(allow_write(Scope.COMMENTS, Scope.REVIEW))]
CommentsWriteKey = Annotated[Caller, Depends(allow_write(Scope.COMMENTS))]
ReviewWriteKey = Annotated[Caller, Depends(allow_write(Scope.REVIEW))]
AdminWriteKey = Annotated[Caller, Depends(allow_write(Scope.ADMIN))]
AnalyzeKey = Annotated[Caller, Depends(allow_write(Scope.ANALYZE, scheme=_in_query, kind=ANALYZE))]
