"""The call of Coral's external moderation phase."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Header, Query, Request
from pydantic import ValidationError
from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool

from service.analyses.use_cases import analyze
from service.compat.coral.answers import DEFAULT_TIMEOUT, MAX_TIMEOUT, MIN_TIMEOUT, answer, patience
from service.compat.coral.errors import PATHS
from service.compat.coral.schemas import PhaseRequest, PhaseResponse, described_request
from service.compat.coral.signatures import HEADER, is_signed
from service.compat.html import hides_nothing, shown_text
from service.context import Context, Services
from service.domain.texts import MAX_ANALYSED, is_blank
from service.errors import AnalysisTimeout, Invalid, NotConfigured, TooLarge, Unauthorized
from service.openapi import PROBLEM
from service.tables import Policy, Site
from service.webhooks.secrets import SecretBox, SecretUnreadableError

LATE = "There was no judgement in time."

router = APIRouter(prefix=PATHS.rstrip("/"), tags=["coral"])
log = structlog.get_logger(__name__)

_judging: set[asyncio.Task[PhaseResponse]] = set()
"""asyncio itself holds tasks by weak references only."""


@dataclass(frozen=True)
class _Question:
    """What is to be judged, for whom, and by which policy."""

    site_id: UUID
    policy: Mapping[str, Any] | None
    texts: tuple[str, ...]
    """What readers may see of the comment: more than one where that is not sure."""


@router.post(
    "/{site}",
    response_model_exclude_none=True,
    responses={401: PROBLEM},
    summary="Judge a comment for Coral's external moderation phase",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": described_request()}},
        }
    },
)
async def moderate(
    site: str,
    request: Request,
    context: Services,
    signature: Annotated[str, Header(alias=HEADER)] = "",
    # No number to FastAPI, which would judge it before the signature.
    timeout: Annotated[  # noqa: ASYNC109 - Coral's word for how long it waits
        str, Query(description="Milliseconds, 100 to 10,000, as set in Coral")
    ] = DEFAULT_TIMEOUT,
) -> PhaseResponse:
    """Withhold what the site's policy flags, and whatever cannot be judged in time.

    Never approves: an empty answer leaves the comment to Coral's other phases. Any error
    but a wrong signature withholds as well.
    """
    body = await request.body()
    seconds = patience(timeout)
    until = None if seconds is None else time.monotonic() + seconds
    judging = asyncio.create_task(_judge(context, site, signature, body, until))
    _judging.add(judging)
    judging.add_done_callback(_forget)
    # A database can be slower than Coral is patient, and a thread cannot be stopped.
    done, _ = await asyncio.wait({judging}, timeout=seconds or patience(DEFAULT_TIMEOUT))
    if not done:
        raise AnalysisTimeout(LATE)
    return judging.result()


def _forget(judging: asyncio.Task[PhaseResponse]) -> None:
    _judging.discard(judging)
    if not judging.cancelled():
        # Or asyncio would log it, where nobody waits any more.
        judging.exception()


async def _judge(
    context: Context, site: str, signature: str, body: bytes, until: float | None
) -> PhaseResponse:
    """Return the judgement; `until`: monotonic seconds, None for a timeout that is none."""
    question = await run_in_threadpool(_check, context, site, signature, body)
    if until is None:
        raise Invalid.at("/query/timeout", f"{MIN_TIMEOUT} to {MAX_TIMEOUT} milliseconds")
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise AnalysisTimeout(LATE)
    asked = [analyze(context, question.site_id, text, seconds) for text in question.texts]
    return answer(question.policy, await asyncio.gather(*asked))


def _check(context: Context, key: str, signature: str, body: bytes) -> _Question:
    """Return what is asked; raises Unauthorized, which does not tell what is wrong."""
    with context.database.read() as session:
        site = _find(session, key)
        secret = _secret(context, site) if site else None
        if site is None or secret is None or not is_signed(signature, secret, body):
            raise Unauthorized(
                f"No such site is connected to Coral, or the {HEADER} is of another secret. "
                "Set Coral's signing secret with `netiquette coral connect`."
            )
        policy = _policy(session, site)
    context.limiter.hit(context.settings.key_rate, "coral", str(site.id))
    return _Question(site.id, policy, _texts(body))


def _find(session: Session, key: str) -> Site | None:
    if not key.isprintable():
        # Postgres refuses to look for a NUL.
        return None
    return session.exec(select(Site).where(col(Site.key) == key)).one_or_none()


def _texts(body: bytes) -> tuple[str, ...]:
    """Return what is to be scored; raises Invalid and TooLarge where nothing could be."""
    try:
        sent = PhaseRequest.model_validate_json(body).comment.body
    except ValidationError as error:
        raise Invalid(f"{error.error_count()} mistakes in what Coral sent.") from None
    if len(sent.encode()) > MAX_ANALYSED:
        raise TooLarge(f"A comment may have {MAX_ANALYSED} bytes.")
    sent = sent.replace("\0", " ")
    shown = shown_text(sent)
    # Coral does not tell whether it sends HTML.
    texts = (shown,) if hides_nothing(sent) else (shown, sent)
    seen = tuple(text for text in texts if not is_blank(text))
    if not seen:
        raise Invalid.at("/comment/body", "There is no visible text.")
    return seen


def _secret(context: Context, site: Site) -> str | None:
    if site.coral_secret is None:
        return None
    try:
        return SecretBox(context.settings.secret_key).decrypt(site.coral_secret)
    except SecretUnreadableError:
        log.error("coral_secret_unreadable", site=str(site.id))  # noqa: TRY400 - the stack says nothing more
        raise NotConfigured(
            "Coral's secret was encrypted with another NETIQUETTE_SECRET_KEY. Set it anew with "
            "`netiquette coral connect`."
        ) from None


def _policy(session: Session, site: Site) -> Mapping[str, Any] | None:
    policy = session.get(Policy, (site.id, site.active_policy))
    return policy.document if policy else None
