"""Accepts a batch of up to 500 comments with one commit."""

from typing import Any

from pydantic import ValidationError

from service.comments.accepting import Item, Outcome
from service.comments.intake import Intake
from service.comments.schemas import BatchOut, CommentIn, CommentOut, RejectedItem
from service.comments.use_cases import count_text
from service.domain.vocabulary import Lane
from service.errors import NetiquetteError
from service.http.callers import Caller
from service.http.context import Context
from service.http.openapi import ProblemOut
from service.http.problems import invalid


def accept_batch(context: Context, intake: Intake, caller: Caller, raw: list[Any]) -> BatchOut:
    """Store the valid items of the batch, and return each item's comment or error, in order.

    Raises Conflict if other requests keep storing the same external ids.
    """
    items = [_checked(context, caller, item) for item in raw]
    good = [Item(item, Lane.COMMENTS) for item in items if isinstance(item, CommentIn)]
    outcomes = iter(intake.accept_all(caller.site_id, good))
    return BatchOut(
        items=[
            _present(next(outcomes)) if isinstance(item, CommentIn) else _rejected(item)
            for item in items
        ]
    )


def _checked(context: Context, caller: Caller, raw: Any) -> CommentIn | NetiquetteError:
    """Validate the item and count it against the limits; return it, or its error."""
    try:
        item = CommentIn.model_validate(raw)
        count_text(context, caller, item.member.key, item.body)
    except ValidationError as error:
        return invalid(error.errors(include_url=False, include_input=False))
    except NetiquetteError as error:
        return error
    return item


def _present(outcome: Outcome) -> CommentOut | RejectedItem:
    return _rejected(outcome) if isinstance(outcome, NetiquetteError) else outcome.comment


def _rejected(error: NetiquetteError) -> RejectedItem:
    return RejectedItem(error=ProblemOut.model_validate(error.problem()))
