"""Serves the API's documentation: Swagger UI from this host, shut in by its headers."""

import base64
import hashlib
import os
import re
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"

INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)

REVALIDATE = "no-cache"
"""Cache-Control of files that are the same for everybody: kept, but asked for by their ETag."""


class Assets(StaticFiles):
    """Static files, which a browser may keep."""

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return the file, or 304 to a caller that has it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = REVALIDATE
        return response


def add_docs(app: FastAPI) -> None:
    """Serve /docs and /static. An intranet cannot reach a CDN, and we trust none."""
    app.mount("/static", Assets(directory=STATIC), name="static")
    page = get_swagger_ui_html(
        openapi_url=app.openapi_url or "/openapi.json",
        title="Netiquette API",
        swagger_js_url="/static/swagger-ui/swagger-ui-bundle.js",
        swagger_css_url="/static/swagger-ui/swagger-ui.css",
        swagger_favicon_url="/static/swagger-ui/favicon-32x32.png",
    )
    content = bytes(page.body)
    headers = {"Content-Security-Policy": content_security_policy(content)}

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(content, headers=headers)


def content_security_policy(page: bytes) -> str:
    """Return a policy for Swagger UI's page, which allows its own inline scripts by their hashes.

    The page is FastAPI's, so that the script changes with FastAPI. Swagger UI's icons and the
    background of its menus are `data:` images; its authorization dialog submits no form.
    """
    scripts = " ".join(f"'sha256-{_digest(script)}'" for script in INLINE_SCRIPT.findall(page))
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _digest(script: bytes) -> str:
    return base64.b64encode(hashlib.sha256(script).digest()).decode()
