"""Publish the form of payloads: as a JSON schema, and as OpenAPI's `webhooks`."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Header

from service.webhooks.payloads import Payload

COMMENT: dict[str, Any] = {
    "id": "01a21390-0988-7016-95fd-826174c09177",
    "external_id": "cms-4711",
    "thread": {"key": "radweg"},
    "member": {"key": "lena"},
    "revision": 1,
    "state": "rejected",
}
ENDPOINT = {"id": "01a2156f-2f0c-7c1e-8f5e-0d4a2b6c9e11"}

EXAMPLES: dict[str, dict[str, Any]] = {
    "A decision on a comment": {
        "type": "comment.rejected",
        "timestamp": "2026-11-25T16:35:36.588103Z",
        "data": {
            "version": 1,
            "comment": COMMENT | {"body": "Du bist so ein Vollidiot!", "body_omitted": False},
            "decision": {
                "id": "01a21390-0a0c-76fe-83b2-64089032037c",
                "from_state": "flagged",
                "state": "rejected",
                "actor": "moderator",
                "policy": None,
                "moderator": {"key": "petra"},
                "reasons": [
                    {"code": "insult", "attribute": None, "score": None, "threshold": None}
                ],
                "undoes": None,
            },
            "sequence": 4712,
            "supersedes": ["01a21390-09d5-7a44-b2a1-1f6f4b7c3d20"],
        },
    },
    "A report": {
        "type": "report.received",
        "timestamp": "2026-11-25T16:40:02.120034Z",
        "data": {
            "version": 1,
            "comment": COMMENT | {"state": "approved"},
            "report": {
                "id": "01a21394-18c8-7f3b-9d2e-5a6b7c8d9e0f",
                "reason": "spam",
                "reporter": {"key": "max"},
            },
            "sequence": 4713,
            "supersedes": [],
        },
    },
    "A member's status": {
        "type": "member.status_changed",
        "timestamp": "2026-11-25T16:41:10.000000Z",
        "data": {
            "version": 1,
            "member": {"key": "max"},
            "from_status": "active",
            "status": "suspended",
            "until": "2026-12-02T16:41:10.000000Z",
            "moderator": {"key": "petra"},
            "sequence": 4714,
            "supersedes": [],
        },
    },
    "A member's erasure": {
        "type": "member.erased",
        "timestamp": "2026-11-25T16:45:00.000000Z",
        "data": {
            "version": 1,
            "member": {"key": "erased-5f2b8c0d9e1a4b7c8d6e3f0a1b2c4d5e"},
            "receipt": "01a21398-a3f1-7b6d-8c2e-1a2b3c4d5e6f",
            "sequence": 4715,
            "supersedes": [],
        },
    },
    "The receiver itself": {
        "type": "webhook.test",
        "timestamp": "2026-11-25T16:50:00.000000Z",
        "data": {
            "version": 1,
            "endpoint": ENDPOINT,
            "reason": None,
            "sequence": 4716,
            "supersedes": [],
        },
    },
}
"""One example payload for each kind of data."""

router = APIRouter(tags=["webhooks"])


@router.post("event", operation_id="receive_event", summary="Receive an event")
def receive_event(
    payload: Payload,
    webhook_id: Annotated[str, Header(description="The event's id, the same for each attempt")],
    webhook_timestamp: Annotated[
        int, Header(description="Time of the attempt, in seconds since 1970")
    ],
    webhook_signature: Annotated[
        str,
        Header(description="One signature per secret: `v1,` and base64; separated by spaces"),
    ],
) -> None:
    """Verify the signature, and answer within 15 s with any 2xx (Standard Webhooks 1.0).

    Every other answer is a failure, also a redirect: the event is sent again under the same
    id. 410 disables the receiver. `Retry-After` is honoured with 429 and 503. An event may
    come twice. Events of one comment come in order.
    """


def describe_webhooks(app: FastAPI) -> None:
    """Describe the webhooks in the application's OpenAPI document, with examples.

    The document is changed after FastAPI made it: FastAPI would drop null values from the
    examples, and would describe its own error answers as the receivers'.
    """
    app.webhooks.include_router(router)
    compose = app.openapi

    def openapi() -> dict[str, Any]:
        document = compose()
        operation = document["webhooks"]["event"]["post"]
        operation["responses"] = {"2XX": {"description": "It has arrived"}}
        examples = {name: {"value": value} for name, value in EXAMPLES.items()}
        operation["requestBody"]["content"]["application/json"]["examples"] = examples
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def schema() -> str:
    """Return the payload's JSON schema, the content of docs/webhooks/payload.schema.json."""
    described = Payload.model_json_schema(mode="serialization")
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return json.dumps(draft | described, indent=2, ensure_ascii=False) + "\n"
