"""Judge a comment for Coral: find its site, read its text, score it and apply the policy."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool

from service.analyses.use_cases import analyze
from service.compat.coral.answers import (
    DEFAULT_TIMEOUT,
    MAX_TIMEOUT,
    MIN_TIMEOUT,
    answer,
    merged_forms,
    patience,
    strangest_language,
)
from service.compat.coral.schemas import PhaseRequest, PhaseResponse
from service.compat.coral.signatures import HEADER, is_signed
from service.compat.html import hides_nothing, shown_text
from service.domain.costs import count_shares
from service.domain.texts import MAX_ANALYSED, is_blank
from service.errors import AnalysisTimeout, Invalid, NotConfigured, TooLarge, Unauthorized
from service.http.context import Context
from service.policies.active import read_active_policies
from service.policies.gathering import without_comment
from service.secret_box import SecretBox, SecretUnreadableError
from service.tables import Site

LATE = "There was no judgement in time."

log = structlog.get_logger(__name__)

_judging: set[asyncio.Task[PhaseResponse]] = set()
"""Judgements in progress. They are held here, since asyncio keeps only weak references to tasks."""


@dataclass(frozen=True)
class _Question:
    """The texts to judge, their site, and its policy."""

    site_id: UUID
    policy: Mapping[str, Any] | None
    texts: tuple[str, ...]
    """The texts that readers may see. There are two where it is unclear whether it is HTML."""


async def judge_in_time(
    context: Context, site: str, signature: str, body: bytes, given: str
) -> PhaseResponse:
    """Return the policy's answer for the comment in `body`, before Coral stops waiting.

    `given` is how long Coral waits, as a string of milliseconds. Raises Unauthorized for a
    wrong signature, AnalysisTimeout when time runs out, and any other error that prevents a
    judgement.
    """
    seconds = patience(given)
    until = None if seconds is None else time.monotonic() + seconds
    judging = asyncio.create_task(_judge(context, site, signature, body, until))
    _judging.add(judging)
    judging.add_done_callback(_forget)
    # The database may answer after Coral stops waiting, and a thread cannot be cancelled.
    done, _ = await asyncio.wait({judging}, timeout=seconds or patience(DEFAULT_TIMEOUT))
    if not done:
        raise AnalysisTimeout(LATE)
    return judging.result()


def _forget(judging: asyncio.Task[PhaseResponse]) -> None:
    _judging.discard(judging)
    if not judging.cancelled():
        # Read the error, or asyncio would log one that nobody retrieved.
        judging.exception()


async def _judge(
    context: Context, site: str, signature: str, body: bytes, until: float | None
) -> PhaseResponse:
    """Return the judgement; `until` is in monotonic seconds, None for an invalid timeout."""
    question = await run_in_threadpool(_check, context, site, signature, body)
    if until is None:
        raise Invalid.at("/query/timeout", f"{MIN_TIMEOUT} to {MAX_TIMEOUT} milliseconds")
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise AnalysisTimeout(LATE)
    asked = [analyze(context, question.site_id, text, seconds) for text in question.texts]
    results = await asyncio.gather(*asked)
    facts = without_comment(merged_forms(results), strangest_language(results))
    return answer(question.policy, facts)


def _check(context: Context, key: str, signature: str, body: bytes) -> _Question:
    """Return what a signed request asks for.

    Raises Unauthorized, which does not tell whether the site or the signature is wrong.
    """
    with context.database.read() as session:
        site = _find(session, key)
        secret = _secret(context, site) if site else None
        if site is None or secret is None or not is_signed(signature, secret, body):
            raise Unauthorized(
                f"No such site is connected to Coral, or the {HEADER} is of another secret. "
                "Set Coral's signing secret with `netiquette coral connect`."
            )
        policy = read_active_policies(session, [site.id])[site.id].document
    rate, name = context.settings.key_rate, str(site.id)
    context.limiter.hit(rate, "coral", name)
    texts = _texts(body)
    more = sum(count_shares(text) for text in texts) - 1
    context.limiter.hit(rate, "coral", name, cost=more, spent=1)
    return _Question(site.id, policy, texts)


def _find(session: Session, key: str) -> Site | None:
    if not key.isprintable():
        # Postgres refuses to look for a NUL.
        return None
    return session.exec(select(Site).where(col(Site.key) == key)).one_or_none()


def _texts(body: bytes) -> tuple[str, ...]:
    """Return the texts to score; raises Invalid for an unusable body, TooLarge for a long one."""
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
