"""Every operation, called with what its schema allows and with what it does not.

A few examples each; `make fuzz` looks harder.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from pydantic import SecretStr
from starlette.testclient import TestClient

from service.app import create_app
from service.domain.states import State
from service.http.callers import Scope
from service.settings import Settings
from service.testing.backend import Backend, ServedApi, make_key
from tests.contracts.calls import DOCUMENTED
from tests.contracts.fuzzing import Fuzzer, Operation
from tests.support.analysing import worker_on
from tests.support.installation import SECRET_KEY

EXAMPLES = 12


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
        database_url=url,
        redis_url="redis://127.0.0.1:1/0",
        key_rate=high,
        member_rate=high,
        report_rate=high,
        secret_key=SecretStr(SECRET_KEY),
    )
    with ServedApi(create_app(configuration), backend) as running, worker_on(backend.database):
        yield running


@pytest.fixture(scope="module")
def schema(served: ServedApi) -> Any:
    return schemathesis.openapi.from_url(f"{served.url}/openapi.json")


@pytest.fixture(scope="module")
def fuzzer(backend: Backend) -> Iterator[Fuzzer]:
    """Give a fuzzer that knows some comments, with keys of all and of single scopes."""
    single = [make_key(backend.database, backend.rows.site_id, scope) for scope in Scope]
    with requests.Session() as session:
        fuzzer = Fuzzer([backend.token, *single], session)
        for state in (State.APPROVED, State.FLAGGED):
            comment_id = backend.comment(external_id=state.value)["id"]
            backend.judge(comment_id, state)
            fuzzer.known.learn(backend.read(comment_id))
        yield fuzzer


@pytest.mark.parametrize("operation", DOCUMENTED, ids=" ".join)
def test_answers_match_the_document(
    schema: Any, fuzzer: Fuzzer, operation: Operation, request: pytest.FixtureRequest
) -> None:
    # pytest-randomly's, which every report of a failure names.
    seed = request.config.getoption("randomly_seed")
    fuzzer.fuzz(schema, operation, EXAMPLES, seed)
