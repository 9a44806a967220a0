"""Accepting many comments in one unit of work: one commit for up to 500."""

from typing import Any

from pydantic import ValidationError

from service import clock
from service.auth.keys import Principal
from service.comments.intake import Intake, look_twice
from service.comments.presenter import present_comment
from service.comments.schemas import (
    BatchOut,
    CommentIn,
    CommentOut,
    RejectedItem,
)
from service.comments.use_cases import count_member
from service.context import Context
from service.db import after_commit
from service.domain.vocabulary import Lane
from service.errors import NetiquetteError
from service.openapi import ProblemOut
from service.problems import invalid

Item = CommentIn | RejectedItem


def accept_batch(context: Context, principal: Principal, raw: list[Any]) -> BatchOut:
    """Keep what is good of the batch, in order; say of each other item what is wrong with it."""
    items = [_counted(context, principal, _parsed(item)) for item in raw]
    return look_twice(lambda: _store(context, principal, items))


def _parsed(raw: Any) -> Item:
    try:
        return CommentIn.model_validate(raw)
    except ValidationError as error:
        return _rejected(invalid(error.errors(include_url=False, include_input=False)))


def _counted(context: Context, principal: Principal, item: Item) -> Item:
    if isinstance(item, CommentIn):
        try:
            count_member(context, principal, item.member.key)
        except NetiquetteError as error:
            return _rejected(error)
    return item


def _store(context: Context, principal: Principal, items: list[Item]) -> BatchOut:
    good = [item for item in items if isinstance(item, CommentIn)]
    outcomes: list[CommentOut | RejectedItem] = []
    with context.database.write() as session:
        intake = Intake(session, principal.site_id, good, clock.now())
        for item in items:
            if isinstance(item, RejectedItem):
                outcomes.append(item)
                continue
            try:
                accepted = intake.accept(item, Lane.COMMENTS)
            except NetiquetteError as error:
                outcomes.append(_rejected(error))
            else:
                outcomes.append(present_comment(accepted.record))
        intake.store()
        after_commit(session, lambda: context.nudges.nudge(Lane.COMMENTS))
    return BatchOut(items=outcomes)


def _rejected(error: NetiquetteError) -> RejectedItem:
    return RejectedItem(error=ProblemOut.model_validate(error.problem()))
