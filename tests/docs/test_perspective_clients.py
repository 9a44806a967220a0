"""Clients that were written for Perspective, unchanged but for the address."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from googleapiclient import discovery  # type: ignore[import-untyped]  # Google ships no types
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]  # same
from pydantic import BaseModel, SecretStr
from sqlmodel import select
from starlette.testclient import TestClient

from service.app import create_app
from service.compat.perspective import schemas
from service.compat.perspective.discovery import describe
from service.http.callers import Scope
from service.settings import Settings
from service.tables import Label
from service.testing.backend import Backend, ServedApi, make_key
from service.testing.rows import add_site
from tests.docs.node import NODE, install
from tests.support.analysing import worker_on
from tests.support.fake_worker import DOUBTFUL
from tests.support.installation import DEAD_PORT, SECRET_KEY

DOCS = Path(__file__).parents[2] / "docs" / "perspective"


SCHEMAS: dict[str, type[BaseModel]] = {
    "AnalyzeCommentRequest": schemas.AnalyzeRequest,
    "AnalyzeCommentResponse": schemas.AnalyzeResponse,
    "SuggestCommentScoreRequest": schemas.SuggestRequest,
    "SuggestCommentScoreResponse": schemas.SuggestResponse,
    "TextEntry": schemas.TextEntry,
    "Context": schemas.Context,
    "ArticleAndParentComment": schemas.ArticleAndParentComment,
    "AttributeParameters": schemas.AttributeParameters,
    "AttributeScores": schemas.AttributeScores,
    "SpanScore": schemas.SpanScore,
    "Score": schemas.Score,
}


def test_the_description_is_of_what_is_served() -> None:
    described = describe("http://127.0.0.1/")["schemas"]
    assert {name: set(schema["properties"]) for name, schema in described.items()} == {
        name: {field.alias for field in schema.model_fields.values()}
        for name, schema in SCHEMAS.items()
    }


@pytest.fixture
def served(database_url: str) -> Iterator[tuple[ServedApi, Backend]]:
    """Give a running service with a worker, and the backend of a site."""
    app = create_app(
        Settings(database_url=database_url, redis_url=DEAD_PORT, secret_key=SecretStr(SECRET_KEY))
    )
    database = app.state.context.database
    rows = add_site(database)
    token = make_key(database, rows.site_id, Scope.ANALYZE)
    backend = Backend(TestClient(app), database, rows, token)
    with ServedApi(app, backend) as api, worker_on(database):
        yield api, backend


def google_s_client(api: ServedApi, key: str) -> Any:
    """Return it as Google's own samples and the clients on PyPI make it."""
    return discovery.build(
        "commentanalyzer",
        "v1alpha1",
        developerKey=key,
        discoveryServiceUrl=f"{api.url}/$discovery/rest?version=v1alpha1",
        static_discovery=False,
    )


@pytest.fixture
def comments(served: tuple[ServedApi, Backend]) -> Iterator[Any]:
    """Give Google's own client."""
    api, backend = served
    with google_s_client(api, backend.token) as client:
        yield client.comments()


def details(refused: pytest.ExceptionInfo[HttpError]) -> dict[str, Any]:
    found: dict[str, Any] = refused.value.error_details[0]
    return found


def test_google_s_client_scores(comments: Any) -> None:
    wanted = {
        "comment": {"text": "Du Idiot"},
        "requestedAttributes": {"TOXICITY": {}},
        "languages": ["de"],
        "clientToken": "c-1",
    }
    answer = comments.analyze(body=wanted).execute()
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"] == {
        "value": 0.9,
        "type": "PROBABILITY",
    }
    assert (answer["languages"], answer["clientToken"]) == (["de"], "c-1")


def test_google_s_client_leaves_out_what_the_model_lacks(comments: Any) -> None:
    wanted = {
        "comment": {"text": f"Du Idiot {DOUBTFUL}"},
        "requestedAttributes": {"TOXICITY": {}, "FLIRTATION": {}},
        "dropUnsupportedAttributes": True,
    }
    assert comments.analyze(body=wanted).execute()["attributeScores"].keys() == {"TOXICITY"}


def test_google_s_client_suggests(comments: Any, served: tuple[ServedApi, Backend]) -> None:
    wanted = {
        "comment": {"text": "Get busy living."},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0}}},
        "clientToken": "c-2",
    }
    assert comments.suggestscore(body=wanted).execute() == {
        "requestedLanguages": [],
        "detectedLanguages": ["de"],
        "clientToken": "c-2",
    }
    with served[1].database.read() as session:
        assert session.exec(select(Label)).one().body == "Get busy living."


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"comment": {"text": ""}}, "COMMENT_EMPTY"),
        ({"comment": {"text": "x" * 20_481}}, "COMMENT_TOO_LONG"),
        ({"requestedAttributes": {"FLIRTATION": {}}}, "UNKNOWN_ATTRIBUTE"),
        ({"languages": ["fr"]}, "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"),
    ],
)
def test_google_s_client_understands_errors(
    comments: Any, change: dict[str, Any], kind: str
) -> None:
    wanted = {"comment": {"text": "Hallo"}, "requestedAttributes": {"TOXICITY": {}}} | change
    with pytest.raises(HttpError) as refused:
        comments.analyze(body=wanted).execute()
    assert refused.value.status_code == 400
    assert details(refused)["errorType"] == kind


def test_google_s_client_understands_bad_keys(served: tuple[ServedApi, Backend]) -> None:
    with (
        google_s_client(served[0], "AIzaSyFalsch") as client,
        pytest.raises(HttpError) as refused,
    ):
        client.comments().analyze(body={}).execute()
    assert details(refused)["reason"] == "API_KEY_INVALID"


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the Node client and the packages it needs."""
    return install(DOCS, "client.mjs", tmp_path_factory.mktemp("perspective"))


def run_node(folder: Path, url: str, token: str, language: str, *texts: str) -> list[Any]:
    ran = subprocess.run(
        [str(NODE), str(folder / "client.mjs"), url, token, language],
        input="\n".join(texts) + "\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_the_npm_client(served: tuple[ServedApi, Backend], node_folder: Path) -> None:
    api, backend = served
    toxic, harmless, empty = run_node(
        node_folder, api.url, backend.token, "de", "Du Idiot", "Hallo", ""
    )
    score = {"value": 0.9, "type": "PROBABILITY"}
    assert toxic["attributeScores"]["TOXICITY"]["summaryScore"] == score
    assert harmless["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 0.01
    assert empty == {"error": "ResponseError", "message": "Comment must be non-empty."}
    # What the client finds by itself, and yet sends an empty request for.
    long, blank = run_node(node_folder, api.url, backend.token, "de", "x" * 20_481, "<br>")
    assert (long["error"], blank["error"]) == ("TextTooLongError", "TextEmptyError")
    (refused,) = run_node(node_folder, api.url, backend.token, "fr", "Bonjour")
    assert refused["error"] == "ResponseError"
    assert refused["message"] == "Attribute TOXICITY does not support request languages: fr"
    # A bare text, as the client's own page has it: no language is sent.
    (short,) = run_node(node_folder, api.url, backend.token, "", f"Idiot {DOUBTFUL}")
    assert short["attributeScores"]["TOXICITY"]["summaryScore"] == score
    assert (short["languages"], short["detectedLanguages"]) == (["de"], ["und"])
    (unknown,) = run_node(node_folder, api.url, "nq_falsch", "de", "Hallo")
    assert "API key not valid" in unknown["message"]
