"""FastAPI dependencies: who calls, and whether the key's scope allows it."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyQuery, HTTPBearer
from fastapi.security.base import SecurityBase

from service.auth.keys import Principal, Scope
from service.errors import MissingScope

# Declares the scheme in the OpenAPI document; the middleware does the checking.
_bearer = HTTPBearer(auto_error=False, description="A site key: nq_…", scheme_name="SiteKey")

_in_query = APIKeyQuery(
    name="key", auto_error=False, description="A site key: nq_…", scheme_name="SiteKeyInQuery"
)


def allow(*scopes: Scope, scheme: SecurityBase = _bearer) -> Callable[..., Principal]:
    """Return a dependency that gives the Principal, or raises MissingScope without any of them."""

    def principal(request: Request, _credentials: Annotated[object, Security(scheme)]) -> Principal:
        found: Principal = request.state.principal
        if found.scopes.isdisjoint(scopes):
            raise MissingScope(f"This call needs a key with the scope {' or '.join(scopes)}.")
        return found

    return principal


AnalyzeKey = Annotated[Principal, Depends(allow(Scope.ANALYZE, scheme=_in_query))]
CommentsKey = Annotated[Principal, Depends(allow(Scope.COMMENTS))]
ReviewKey = Annotated[Principal, Depends(allow(Scope.REVIEW))]
AdminKey = Annotated[Principal, Depends(allow(Scope.ADMIN))]
ReadingKey = Annotated[Principal, Depends(allow(Scope.COMMENTS, Scope.REVIEW))]
