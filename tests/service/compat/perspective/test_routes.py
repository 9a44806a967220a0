"""Perspective's methods over HTTP, with a worker that scores."""

import gzip
import json
from typing import Any

import pytest
from httpx2 import Response
from sqlmodel import select

from service.analyses import use_cases as analyses
from service.compat.perspective.door import MAX_BODY
from service.http.callers import Scope
from service.tables import Analysis, Label, Site
from service.testing.backend import Backend, make_key
from tests.support.fake_worker import DOUBTFUL, FRENCH, NOT_A_NUMBER, RAISES
from tests.support.reading import Change

pytestmark = pytest.mark.usefixtures("worker")

ANALYZE = "/v1alpha1/comments:analyze"
SUGGEST = "/v1alpha1/comments:suggestscore"


def call(backend: Backend, path: str, document: Any, key: str | None = None) -> Response:
    token = backend.token if key is None else key
    # By hand, as a client may send half of a surrogate pair.
    return backend.call(
        "POST",
        path,
        params={"key": token},
        content=json.dumps(document),
        headers={"Authorization": None, "Content-Type": "application/json"},
    )


def analyze(backend: Backend, text: str = "Du Idiot!", **more: Any) -> Response:
    document = {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}} | more
    return call(backend, ANALYZE, document)


def error(response: Response, status: int, name: str) -> dict[str, Any]:
    """Return the error of an answer that must have Google's shape."""
    assert response.status_code == status, response.text
    found: dict[str, Any] = response.json()["error"]
    assert (found["code"], found["status"]) == (status, name)
    assert found["message"]
    return found


def error_type(response: Response) -> str:
    (detail,) = error(response, 400, "INVALID_ARGUMENT")["details"]
    assert detail["@type"] == "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
    kind: str = detail["errorType"]
    return kind


def test_scores_come_in_perspectives_document(backend: Backend) -> None:
    score = {"value": 0.9, "type": "PROBABILITY"}
    analyses = Change("netiquette_analyses_total")
    timed = Change("netiquette_analysis_seconds_count")
    answer = analyze(backend, clientToken="a-17", sessionId="s", communityId="c", doNotStore=True)
    assert (analyses(outcome="scored"), timed()) == (1, 1)
    assert answer.json() == {
        "attributeScores": {
            "TOXICITY": {
                "summaryScore": score,
                "spanScores": [{"begin": 0, "end": 9, "score": score}],
            }
        },
        "languages": ["de"],
        "detectedLanguages": ["de"],
        "clientToken": "a-17",
    }


def test_nothing_of_the_text_is_left(backend: Backend) -> None:
    assert analyze(backend).status_code == 200
    with backend.database.read() as session:
        assert not session.exec(
            select(Analysis).where(Analysis.site_id == backend.rows.site_id)
        ).all()


@pytest.mark.parametrize(
    "change",
    [
        {"requestedAttributes": {"\ud800": {}}},
        {"requestedAttributes": {"TOXICITY": {"\ud800": 1}}},
        {"\ud800": 1},
        {"requestedAttributes": {"TOXICITY": {"scoreThreshold": float("nan")}}},
        {"languages": ["de\0"]},
    ],
    ids=["attribute", "parameter", "field", "nan", "language"],
)
def test_hostile_documents_are_refused(backend: Backend, change: dict[str, Any]) -> None:
    error(analyze(backend, **change), 400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("text", ["<![x", "<" * 20_000, "<b>" * 6_000 + "x", "\0x"])
def test_hostile_html_is_read(backend: Backend, text: str) -> None:
    answer = analyze(backend, comment={"text": f"Hallo {text}", "type": "HTML"})
    assert answer.status_code == 200


def test_scores_below_the_threshold_are_left_out(backend: Backend) -> None:
    wanted = {"TOXICITY": {"scoreType": "PROBABILITY", "scoreThreshold": 0.95}}
    assert analyze(backend, requestedAttributes=wanted).json()["attributeScores"] == {}


def test_html_is_read_for_what_it_shows(backend: Backend) -> None:
    answer = analyze(backend, comment={"text": "<p>Du Id<b>io</b>t</p>", "type": "HTML"})
    assert answer.json()["attributeScores"]["TOXICITY"] == {
        "summaryScore": {"value": 0.9, "type": "PROBABILITY"},
        "spanScores": [],
    }


def test_null_means_the_default(backend: Backend) -> None:
    names = ("languages", "spanAnnotations", "doNotStore", "clientToken", "context")
    nothing: dict[str, Any] = dict.fromkeys(names)
    wanted = {"TOXICITY": None, "INSULT": {"scoreType": None, "scoreThreshold": None}}
    answer = analyze(backend, requestedAttributes=wanted, **nothing)
    assert error_type(answer) == "UNKNOWN_ATTRIBUTE"
    del wanted["INSULT"]
    answer = analyze(backend, requestedAttributes=wanted, **nothing)
    assert answer.json()["languages"] == ["de"]


def test_names_in_snake_case_count(backend: Backend) -> None:
    document = {"comment": {"text": "Hallo"}, "requested_attributes": {"TOXICITY": {}}}
    assert call(backend, ANALYZE, document).status_code == 200


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"comment": {}},
        {"comment": None},
        {"comment": {"text": None}},
        {"comment": {"text": " \n"}},
        {"comment": {"text": "\u200b\u2800"}},
        {"comment": {"text": "<p>&nbsp;&#8203;</p>", "type": "HTML"}},
    ],
)
def test_missing_and_empty_texts_are_refused(backend: Backend, document: dict[str, Any]) -> None:
    answer = call(backend, ANALYZE, document | {"requestedAttributes": {"TOXICITY": {}}})
    assert error_type(answer) == "COMMENT_EMPTY"


def test_texts_count_in_bytes(backend: Backend) -> None:
    assert analyze(backend, "ä" * 10_240).status_code == 200
    assert error_type(analyze(backend, "ä" * 10_240 + "a")) == "COMMENT_TOO_LONG"


def test_half_of_an_emoji_counts_as_one_unknown_character(backend: Backend) -> None:
    halves = {"clientToken": "a\ud83d", "context": {"entries": [{"text": "\ude00"}]}}
    answer = analyze(backend, "Du Vollidiot \ud83d", **halves)
    assert answer.status_code == 200, answer.text
    (span,) = answer.json()["attributeScores"]["TOXICITY"]["spanScores"]
    assert (span["begin"], span["end"]) == (0, 14)
    assert answer.json()["clientToken"] == "a\ufffd"
    assert analyze(backend, comment={"text": "\ud83d Idiot", "type": "HTML"}).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; charset=utf-8", "x", None])
@pytest.mark.parametrize("path", [ANALYZE, SUGGEST])
def test_the_body_is_json_whatever_its_type(backend: Backend, path: str, kind: str | None) -> None:
    document = {
        "comment": {"text": "Schöne Grüße 😀"},
        "requestedAttributes": {"TOXICITY": {}},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0}}},
    }
    del document["attributeScores" if path == ANALYZE else "requestedAttributes"]
    answer = backend.call(
        "POST",
        path,
        params={"key": backend.token},
        content=json.dumps(document, ensure_ascii=False).encode(),
        headers={"Authorization": None, "Content-Type": kind},
    )
    assert answer.status_code == 200, answer.text


def test_packed_bodies_are_read(backend: Backend) -> None:
    document = {"comment": {"text": "Du Idiot"}, "requestedAttributes": {"TOXICITY": {}}}
    packed = gzip.compress(json.dumps(document).encode())

    def send(body: bytes, coding: str = "gzip") -> Response:
        headers = {"Authorization": None, "Content-Encoding": coding}
        params = {"key": backend.token}
        return backend.call("POST", ANALYZE, params=params, content=body, headers=headers)

    assert send(packed).json()["languages"] == ["de"]
    error(send(packed[:-1]), 400, "INVALID_ARGUMENT")
    bomb = gzip.compress(json.dumps({"comment": {"text": "x" * MAX_BODY}}).encode())
    found = error(send(bomb), 400, "INVALID_ARGUMENT")
    assert "Send less" in found["message"]
    assert "gzip" in error(send(b"x", "br"), 400, "INVALID_ARGUMENT")["message"]


def test_a_single_language_needs_no_list(backend: Backend) -> None:
    assert analyze(backend, languages="en").json()["languages"] == ["en"]
    assert error_type(analyze(backend, languages="fr")) == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"


@pytest.mark.parametrize(
    ("site", "key", "counted"), [("en", None, "en"), ("de", None, "de"), ("de", "en", "en")]
)
def test_texts_of_no_certain_language_are_in_the_main_one(
    backend: Backend, site: str, key: str | None, counted: str
) -> None:
    with backend.database.write() as session:
        session.get_one(Site, backend.rows.site_id).language = site
    token = make_key(backend.database, backend.rows.site_id, Scope.ANALYZE, language=key)
    document = {
        "comment": {"text": f"Idiot {DOUBTFUL}"},
        "requestedAttributes": {"TOXICITY": {}},
    }
    answer = call(backend, ANALYZE, document, key=token).json()
    assert answer["attributeScores"]["TOXICITY"]["summaryScore"]["value"] == 0.9
    assert (answer["languages"], answer["detectedLanguages"]) == ([counted], ["und"])


def test_texts_of_a_foreign_language_are_not_scored_unasked(backend: Backend) -> None:
    answer = analyze(backend, f"Idiot {FRENCH}")
    assert error_type(answer) == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
    assert answer.json()["error"]["message"].endswith(" does not support request languages: fr")


def test_attributes_that_are_not_there_are_left_out_on_request(backend: Backend) -> None:
    wanted: dict[str, Any] = {"FLIRTATION": {}, "TOXICITY": {}, "THREAT": {}}
    answer = analyze(backend, requestedAttributes=wanted, dropUnsupportedAttributes=True)
    assert set(answer.json()["attributeScores"]) == {"TOXICITY"}


@pytest.mark.parametrize("name", ["FLIRTATION", "THREAT"])
def test_something_has_to_be_left(backend: Backend, name: str) -> None:
    answer = analyze(backend, requestedAttributes={name: {}}, dropUnsupportedAttributes=True)
    assert error_type(answer) == "UNKNOWN_ATTRIBUTE"


def test_the_description_names_the_address_that_it_was_asked_at(backend: Backend) -> None:
    no_key = {"Authorization": None}
    path = "/$discovery/rest"
    described = backend.call("GET", path, params={"version": "v1alpha1"}, headers=no_key).json()
    assert described["rootUrl"] == "http://testserver/"
    assert described["resources"]["comments"]["methods"].keys() == {"analyze", "suggestscore"}
    other = backend.call("GET", path, headers=no_key | {"Host": "localhost:8080"}).json()
    assert other["rootUrl"] == "http://localhost:8080/"
    proxied = no_key | {"Host": "localhost", "X-Forwarded-Proto": "https"}
    assert backend.call("GET", path, headers=proxied).json()["rootUrl"] == "https://localhost/"
    error(backend.call("GET", path, params={"version": "v1"}, headers=no_key), 404, "NOT_FOUND")


def test_no_attribute_is_refused(backend: Backend) -> None:
    assert error_type(analyze(backend, requestedAttributes={})) == "NO_REQUESTED_ATTRIBUTES"


@pytest.mark.parametrize("name", ["FLIRTATION", "toxicity", "THREAT"])
def test_attributes_that_are_not_there_are_refused(backend: Backend, name: str) -> None:
    # The test's model knows TOXICITY only.
    answer = analyze(backend, requestedAttributes={"TOXICITY": {}, name: {}})
    assert error_type(answer) == "UNKNOWN_ATTRIBUTE"
    assert name in answer.json()["error"]["message"]


def test_languages_without_calibration_are_refused(backend: Backend) -> None:
    answer = analyze(backend, languages=["fr"])
    assert error_type(answer) == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
    (detail,) = answer.json()["error"]["details"]
    assert detail["languageNotSupportedByAttributeError"] == {
        "detectedLanguages": ["de"],
        "requestedLanguages": ["fr"],
        "attribute": "TOXICITY",
    }


def test_scores_without_calibration_are_marked(backend: Backend) -> None:
    answer = analyze(backend, languages=["fr"], allowUncalibrated=True).json()
    summary = answer["attributeScores"]["TOXICITY"]["summaryScore"]
    assert summary == {"value": 0.9, "type": "PROBABILITY", "calibrated": False}
    assert (answer["languages"], answer["detectedLanguages"]) == (["fr"], ["de"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"languages": ["deutsch!"]}, "languages.0"),
        ({"language": ["de"]}, "language"),
        ({"comment": {"text": 7}}, "comment.text"),
        (
            {"requestedAttributes": {"TOXICITY": {"scoreType": "STDDEV"}}},
            "requestedAttributes.TOXICITY.scoreType",
        ),
    ],
)
def test_mistakes_are_told_by_their_place(
    backend: Backend, change: dict[str, Any], field: str
) -> None:
    found = error(analyze(backend, **change), 400, "INVALID_ARGUMENT")
    assert [item["field"] for item in found["details"][0]["fieldViolations"]] == [field]


def test_what_is_no_json_is_refused(backend: Backend) -> None:
    answer = backend.call("POST", ANALYZE, params={"key": backend.token}, content=b"{")
    error(answer, 400, "INVALID_ARGUMENT")


@pytest.mark.parametrize("path", [ANALYZE, SUGGEST])
def test_keys_are_checked(backend: Backend, path: str) -> None:
    for key in ("nq_falsch", "nq_\0", "nq_ä"):
        found = error(call(backend, path, {}, key=key), 400, "INVALID_ARGUMENT")
        assert found["details"][0]["reason"] == "API_KEY_INVALID"
    error(call(backend, path, {}, key=""), 403, "PERMISSION_DENIED")
    comments_only = make_key(backend.database, backend.rows.site_id, Scope.COMMENTS)
    error(call(backend, path, {}, key=comments_only), 403, "PERMISSION_DENIED")


def test_a_key_in_the_query_counts_nowhere_else(backend: Backend) -> None:
    query = {"key": backend.token}
    answer = backend.call("GET", "/v1/events", params=query, headers={"Authorization": None})
    assert answer.status_code == 401


def test_each_key_has_its_limit(backend: Backend) -> None:
    slow = make_key(backend.database, backend.rows.site_id, Scope.ANALYZE, rate="1/minute")
    document = {"comment": {"text": "Hallo"}, "requestedAttributes": {"TOXICITY": {}}}
    assert call(backend, ANALYZE, document, key=slow).status_code == 200
    answer = call(backend, ANALYZE, document, key=slow)
    found = error(answer, 429, "RESOURCE_EXHAUSTED")
    assert found["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"
    assert found["details"][1]["retryDelay"] == f"{answer.headers['Retry-After']}s"


@pytest.mark.parametrize("text", [RAISES, NOT_A_NUMBER])
def test_what_the_model_fails_on_is_the_text_s_fault(backend: Backend, text: str) -> None:
    analyses = Change("netiquette_analyses_total")
    timed = Change("netiquette_analysis_seconds_count")
    # No 5xx, after which Google's clients would send it again and again.
    found = error(analyze(backend, text), 400, "INVALID_ARGUMENT")
    assert "cannot score" in found["message"]
    assert (analyses(outcome="unscorable"), timed()) == (1, 0)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ANALYZE), ("POST", "/v1alpha1/comments:erase")]
)
def test_other_methods_are_not_found(backend: Backend, method: str, path: str) -> None:
    error(backend.call(method, path, params={"key": backend.token}), 404, "NOT_FOUND")


def test_suggestions_are_kept_with_their_origin(backend: Backend) -> None:
    document = {
        "comment": {"text": "Get busy living."},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0}}},
        "languages": ["en"],
        "communityId": "/forum/movies",
        "clientToken": "comment-53922",
    }
    assert call(backend, SUGGEST, document).json() == {
        "requestedLanguages": ["en"],
        "detectedLanguages": ["de"],
        "clientToken": "comment-53922",
    }
    with backend.database.read() as session:
        label = session.exec(select(Label).where(Label.site_id == backend.rows.site_id)).one()
    assert (label.origin, label.body, label.scores) == (
        "perspective",
        "Get busy living.",
        {"toxicity": 0.0},
    )
    assert (label.languages, label.community) == (["en"], "/forum/movies")


@pytest.mark.parametrize("text", [RAISES, "no worker"])
def test_suggestions_are_kept_though_no_worker_tells_the_language(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    if text != RAISES:
        monkeypatch.setattr(analyses, "is_silent", lambda _seen: True)
    document = {
        "comment": {"text": text},
        "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
        "languages": "de",
    }
    answer = call(backend, SUGGEST, document)
    assert answer.json() == {"requestedLanguages": ["de"], "detectedLanguages": ["und"]}
    with backend.database.read() as session:
        label = session.exec(select(Label).where(Label.site_id == backend.rows.site_id)).one()
    assert (label.body, label.languages) == (text, ["de"])


def test_suggestions_without_a_score_are_refused(backend: Backend) -> None:
    document = {"comment": {"text": "Hallo"}, "attributeScores": {"TOXICITY": {}}}
    assert error_type(call(backend, SUGGEST, document)) == "NO_SUGGESTED_SCORES"


MANY = dict.fromkeys(map(str, range(3_000)), 1)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (MANY, [""]),
        ({"comment": MANY}, ["comment"]),
        ({"requestedAttributes": MANY}, ["requestedAttributes"]),
        ({"requestedAttributes": {"TOXICITY": MANY}}, ["requestedAttributes.TOXICITY"]),
        ({"context": {"entries": [1] * 5_000}}, ["context.entries.0"]),
        ({"languages": [1] * 5_000}, ["languages.0"]),
    ],
)
def test_many_mistakes_of_a_kind_are_one(
    backend: Backend, change: dict[str, Any], fields: list[str]
) -> None:
    found = error(analyze(backend, **change), 400, "INVALID_ARGUMENT")
    assert [item["field"] for item in found["details"][0]["fieldViolations"]] == fields


def test_many_mistakes_in_suggested_scores_are_few(backend: Backend) -> None:
    scores: dict[str, Any] = {str(number): {"spanScores": [{}] * 40} for number in range(99)}
    document = {"comment": {"text": "Gut."}, "attributeScores": scores}
    found = error(call(backend, SUGGEST, document), 400, "INVALID_ARGUMENT")
    # One for each attribute, of which the first twenty are named.
    assert found["message"].endswith("(and 98 more)")
