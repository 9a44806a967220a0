"""Every operation, called with what its schema allows and with what it does not.

A few examples each; NETIQUETTE_SCHEMA_EXAMPLES=500 looks harder.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from service.testing_http import Backend, ServedApi
from tests.contracts.calls import OPERATIONS

EXAMPLES = int(os.environ.get("NETIQUETTE_SCHEMA_EXAMPLES", "8"))


@pytest.fixture(scope="module")
def backend(sqlite_client: TestClient) -> Backend:
    database = sqlite_client.app.state.context.database  # type: ignore[attr-defined]  # a FastAPI
    return Backend.of_new_site(sqlite_client, database)


@pytest.fixture(scope="module")
def served(backend: Backend) -> Iterator[ServedApi]:
    """Give a real server without limits."""
    url = backend.database.engine.url.render_as_string(hide_password=False)
    high = "9999/second"
    configuration = Settings(
        database_url=url, redis_url="redis://127.0.0.1:1/0", key_rate=high, member_rate=high
    )
    with ServedApi(create_app(configuration), backend) as running:
        yield running


@pytest.fixture(scope="module")
def schema(served: ServedApi) -> Any:
    return schemathesis.openapi.from_url(f"{served.url}/openapi.json")


@pytest.fixture(scope="module")
def session(backend: Backend) -> Iterator[requests.Session]:
    with requests.Session() as kept:
        yield kept


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_answers_match_the_document(
    schema: Any, session: requests.Session, backend: Backend, operation: tuple[str, str]
) -> None:
    method, path = operation
    call = schema[path][method]
    known = backend.comment()["id"]
    strategies = [
        call.as_strategy(generation_mode=GenerationMode.POSITIVE),
        call.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    ]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(strategies), is_known=st.booleans())
    def check(case: Any, is_known: bool) -> None:
        if is_known and "comment_id" in case.path_parameters:
            case.path_parameters["comment_id"] = known
        headers = {"Authorization": f"Bearer {backend.token}", "Prefer": "wait=0"}
        case.call_and_validate(
            session=session, headers=headers, excluded_checks=[positive_data_acceptance]
        )

    # positive_data_acceptance is left out: no schema tells a blank text, a made-up
    # cursor or a parent in another thread.
    check()
