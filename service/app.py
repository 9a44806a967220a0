"""Builds the API application: its routers, its middleware and its long-lived parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

import anyio.to_thread
from fastapi import FastAPI

from service.analyses.use_cases import find_answered
from service.auth.middleware import Authentication
from service.comments import routes as comments
from service.comments.backlog import Backlogs
from service.comments.intake import Intake
from service.comments.repository import find_decided
from service.compat.coral import door as coral_door
from service.compat.coral import routes as coral
from service.compat.perspective import door as perspective_door
from service.compat.perspective import routes as perspective
from service.db import Database
from service.events import routes as events
from service.events.positions import find_positions_with_news
from service.health import routes as health
from service.http import metrics, problems
from service.http.access_log import AccessLog
from service.http.body_limit import BodyLimit
from service.http.context import Infrastructure
from service.http.headers import DefaultHeaders
from service.http.host_check import HostCheck
from service.http.openapi import describe_problems
from service.http.rate_limiter import RateLimiter
from service.http.unpacking import Unpacking
from service.http.waiting import Waiters
from service.members import routes as members
from service.nudges import Nudger
from service.reports import routes as reports
from service.review import routes as review
from service.settings import Settings, settings
from service.telemetry import exposition
from service.telemetry.shared import forget_numbers
from service.telemetry.tracing import start_tracing, stop_tracing
from service.threads import routes as threads
from service.web.docs import add_docs
from service.webhooks import routes as webhooks
from service.webhooks.openapi import describe_webhooks

FEATURES = (
    comments,
    reports,
    threads,
    members,
    review,
    events,
    webhooks,
    perspective,
    coral,
    health,
)

DOORS = (coral_door.DOOR, perspective_door.DOOR)

DESCRIPTION = """
Netiquette takes readers' comments, scores them, and decides which to approve and which to flag
for a moderator.

Calls under `/v1/` take a site key (`Authorization: Bearer nq_…`). Errors are RFC 9457 problem
documents with a stable `type` (the schema `ProblemOut` lists them). Times are RFC 3339 in UTC. To
continue a list, send `?after=` with the `next` of the previous page. A `PATCH` sets what it names:
what is left out stays.

The calls of Perspective's API take the key in the query (`?key=nq_…`) and answer errors in Google's
form. Coral sends no site key: it signs its calls.
"""


def create_app(configuration: Settings | None = None) -> FastAPI:
    """Return the application; without `configuration`, settings come from the environment."""
    config = configuration or settings()
    database = Database(config.database_url, pool_size=config.threads)
    nudger = Nudger(config.redis_url)
    context = Infrastructure(
        settings=config,
        database=database,
        nudges=nudger,
        limiter=RateLimiter(config.redis_url),
        decision_waiters=Waiters(partial(find_decided, database), config.max_waiters),
        analysis_waiters=Waiters(partial(find_answered, database), limit=None),
        event_waiters=Waiters(partial(find_positions_with_news, database), config.max_waiters),
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # As many threads as database connections: more would only wait for one.
        anyio.to_thread.current_default_thread_limiter().total_tokens = config.threads
        start_tracing("api")
        exposition.serve_metrics(config, database)
        with nudger:
            yield
        database.dispose()
        await anyio.to_thread.run_sync(stop_tracing)
        # Not left to atexit: a server that a signal ends runs no exit handlers.
        forget_numbers()

    app = FastAPI(
        title="Netiquette",
        version=version("netiquette"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own logs carry the messages of errors, which may quote a comment's text.
        telemetry={
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.state.context = context
    app.state.intake = Intake(database, nudger, Backlogs(config.max_pending))
    for feature in FEATURES:
        app.include_router(feature.router)
    if config.metrics_token:
        app.include_router(metrics.router)
    add_docs(app)
    describe_problems(app, DOORS)
    describe_webhooks(app)
    problems.install(app, DOORS)
    app.add_middleware(
        BodyLimit,
        larger={comments.BATCH_PATH: config.max_body_bytes},
        limit=config.max_body_bytes,
        doors=DOORS,
    )
    # Within the authentication, as unpacking costs time; around the limit, which counts its output.
    app.add_middleware(Unpacking)
    app.add_middleware(Authentication, database=database, doors=DOORS)
    app.add_middleware(HostCheck, allowed=config.allowed_hosts)
    app.add_middleware(AccessLog, doors=DOORS)
    app.add_middleware(DefaultHeaders)
    return app
