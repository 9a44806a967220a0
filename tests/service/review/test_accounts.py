"""A signed-in moderator does all that an asserted one does, with the same rules."""

from typing import Any
from uuid import UUID

import pytest

from service.comments.schemas import DecisionOut
from service.domain.states import State
from service.errors import ClaimedByAnother, Invalid, NotFound, NotYourDecision
from service.http.context import Context
from service.moderators.accounts import create_moderator
from service.moderators.asserted import Asserted
from service.moderators.who import Account, Who
from service.review.claims import claim_comments
from service.review.decisions import decide
from service.review.schemas import QueueFilters, Verdict
from service.review.undo import undo_decision
from service.testing.backend import Backend


def account(backend: Backend) -> Account:
    with backend.database.write() as session:
        site_id = backend.rows.site_id
        moderator = create_moderator(session, site_id, f"petra@{site_id}", "a long password")
        return Account(moderator.id)


def flagged(backend: Backend) -> UUID:
    comment = backend.comment()
    backend.judge(comment["id"], State.FLAGGED, score=0.9)
    return UUID(comment["id"])


def reject(backend: Backend, comment_id: UUID, who: Who) -> DecisionOut:
    verdict = Verdict(state=State.REJECTED, revision=1)
    return decide(context(backend), backend.rows.site_id, comment_id, who, verdict)


def context(backend: Backend) -> Context:
    found: Context = backend.client.app.state.context  # type: ignore[attr-defined]  # a FastAPI
    return found


def test_decides_claims_and_undoes(backend: Backend) -> None:
    petra, site_id = account(backend), backend.rows.site_id
    first, second = flagged(backend), flagged(backend)
    claims = claim_comments(context(backend), site_id, petra, QueueFilters(), 10)
    assert [item.id for item in claims.items] == [first, second]
    with pytest.raises(ClaimedByAnother):
        reject(backend, second, Asserted("kemal"))
    made = reject(backend, first, petra)
    assert made.moderator
    assert made.moderator.key == f"account:{petra.id}"
    undone = undo_decision(context(backend), site_id, made.id, petra)
    assert (undone.state, undone.moderator) == (State.FLAGGED, made.moderator)


def test_no_site_speaks_for_an_account(backend: Backend) -> None:
    petra, comment = account(backend), flagged(backend)
    with pytest.raises(Invalid):
        reject(backend, comment, Asserted(f"account:{petra.id}"))


def test_colleagues_decisions_stay(backend: Backend) -> None:
    petra = account(backend)
    made: dict[str, Any] = backend.decide(str(flagged(backend)), "approved").json()
    with pytest.raises(NotYourDecision):
        undo_decision(context(backend), backend.rows.site_id, UUID(made["id"]), petra)


def test_an_account_is_of_one_site(backend: Backend, other_site: Backend) -> None:
    stranger, comment = account(other_site), flagged(backend)
    with pytest.raises(NotFound):
        reject(backend, comment, stranger)
