"""Calls an operation with what its schema allows and with what it does not.

Every answer has to be one that the OpenAPI document describes: its status, its media type,
its body. What answers tell of ids, keys and cursors is sent again, so that calls get
beyond "there is no such comment".
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from service.comments.routes import BATCH_PATH
from service.compat.perspective import door as perspective

KEPT = 200
"""So many values of a kind are remembered, the newest ones."""

FRESH = 5

PREFERENCES = ("", "wait=0", "wait=1", "wait=x", "respond-async")

NEVER_RIGHT = "\x01"

FRAMING = frozenset({"connection", "content-length", "host", "transfer-encoding"})
"""Headers that are judged before any operation is reached (RFC 9112); no document tells of them."""

Operation = tuple[str, str]


@dataclass
class Known:
    """What was told in answers, by kind: `comment_id`, `thread`, `after`, …."""

    values: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def learn(self, answer: Any) -> None:
        """Remember what an answer tells."""
        if isinstance(answer, list):
            for item in answer:
                self.learn(item)
        if isinstance(answer, dict):
            self._learn_one(answer)
            for value in answer.values():
                self.learn(value)

    def pick(self, kind: str, number: int) -> Any:
        """Return one of the kind, half of the time a fresh one; None where nothing is known."""
        values = self.values[kind][-FRESH if number % 2 else 0 :]
        return values[number // 2 % len(values)] if values else None

    def _learn_one(self, told: dict[str, Any]) -> None:
        kinds = {
            "comment_id": told.get("id") if "audience" in told else None,
            "decision_id": told.get("id") if "from_state" in told else None,
            "erasure_id": told.get("id") if "completed_at" in told else None,
            "endpoint_id": told.get("id") if "include_body" in told else None,
            "delivery_id": told.get("id") if "duration" in told else None,
            "external_id": told.get("external_id"),
            "after": told.get("next"),
        }
        kinds |= {
            kind: told[kind].get("key")
            for kind in ("thread", "member", "moderator")
            if isinstance(told.get(kind), dict)
        }
        for kind, value in kinds.items():
            if value is not None:
                self.values[kind] = [*self.values[kind], value][-KEPT:]


@dataclass
class Fuzzer:
    """Sends cases with one of the keys each, and counts the answers."""

    keys: Sequence[str]
    """The first has every scope and is taken most often."""
    session: requests.Session
    known: Known = field(default_factory=Known)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)

    def fuzz(self, schema: Any, operation: Operation, examples: int, start: int) -> None:
        """Send so many cases; raises what schemathesis finds wrong. `start` seeds the choice."""
        method, path = operation
        call = schema[path][method]
        # Where nothing can be wrong, the second one has no cases.
        cases = st.one_of(
            call.as_strategy(generation_mode=GenerationMode.POSITIVE).map(
                lambda case: (case, True)
            ),
            call.as_strategy(generation_mode=GenerationMode.NEGATIVE).map(
                lambda case: (case, False)
            ),
        )

        @seed(start)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            # No shrinking: what happens depends on all that was sent before.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(cases, st.integers(0, 2**32))
        def send(drawn: tuple[Any, bool], choice: int) -> None:
            case, allowed = drawn
            self._send(f"{method} {path}", case, choice, allowed=allowed)

        send()

    def _send(self, name: str, case: Any, choice: int, *, allowed: bool) -> None:
        case.headers = {
            name: value
            for name, value in (case.headers or {}).items()
            if name.lower() not in FRAMING
        }
        query = case.query or {}
        # These would not be sent, and what was meant to be wrong would not be.
        query |= {unsent: NEVER_RIGHT for unsent, value in query.items() if value in ([], {}, None)}
        if choice % 3:
            self._fill_in(case, choice, allowed=allowed)
        keys = [*[self.keys[0]] * 3 * len(self.keys), *self.keys]
        key = keys[choice % len(keys)]
        if case.path.startswith(perspective.PREFIX):
            query["key"] = key
            case.query = query
        headers = {
            "Authorization": f"Bearer {key}",
            "Prefer": PREFERENCES[choice % len(PREFERENCES)],
        }
        response = case.call(session=self.session, headers=headers, timeout=60)
        self.statuses[name, response.status_code] += 1
        # positive_data_acceptance is left out: no schema tells a blank text, a made-up
        # cursor or a parent in another thread.
        excluded = [positive_data_acceptance]
        if case.path == BATCH_PATH:
            # A wrong comment of a batch is refused in its place, in an answer of 202.
            excluded.append(negative_data_rejection)
        case.validate_response(response, headers=headers, excluded_checks=excluded)
        if response.status_code < 300 and response.content:
            self.known.learn(response.json())

    def _fill_in(self, case: Any, choice: int, *, allowed: bool) -> None:
        """Put known values in; where the case breaks the schema, only for ids that do not."""
        for name, drawn in (case.path_parameters or {}).items():
            kind = name if name != "key" else "thread" if "threads" in case.path else "member"
            value = self.known.pick(kind, choice)
            if value is not None and (allowed or _is_id(drawn)):
                case.path_parameters[name] = value
        if not allowed:
            return
        after = self.known.pick("after", choice)
        if after is not None and "after" in (case.query or {}):
            case.query["after"] = after
        if isinstance(case.body, dict):
            self._fill_body(case.body, choice)
            if case.path.startswith(perspective.PREFIX):
                _ask_for_toxicity(case.body, analyze=case.path.endswith("analyze"))

    def _fill_body(self, body: dict[str, Any], choice: int) -> None:
        for name in ("thread", "member", "reporter", "moderator"):
            key = self.known.pick("member" if name == "reporter" else name, choice)
            if key is not None and isinstance(body.get(name), dict):
                body[name]["key"] = key
        for name, kind in (("parent_id", "comment_id"), ("external_id", "external_id")):
            value = self.known.pick(kind, choice)
            if value is not None and body.get(name) is not None:
                body[name] = value
        if "revision" in body:
            body["revision"] = 1 + choice % 2
        for item in body.get("comments") or []:
            if isinstance(item, dict):
                self._fill_body(item, choice)


def _is_id(drawn: object) -> bool:
    """Tell whether the value is an id; a malformed one may be all that the case breaks."""
    try:
        return bool(UUID(str(drawn)))
    except ValueError:
        return False


def _ask_for_toxicity(body: dict[str, Any], *, analyze: bool) -> None:
    """Name a text and an attribute, of which Perspective's schema requires neither."""
    comment = body.get("comment") or {}
    body["comment"] = comment | {"text": comment.get("text") or "Hallo"}
    asked = "requestedAttributes" if analyze else "attributeScores"
    wanted = next(iter((body.get(asked) or {}).values()), None)
    body[asked] = {"TOXICITY": wanted or ({} if analyze else {"summaryScore": {"value": 0.2}})}
