"""The member calls of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from service.auth.dependencies import AdminKey, ReadingKey, allow
from service.auth.keys import Principal, Scope
from service.comments.use_cases import count_write
from service.context import Services
from service.ids import parse_id
from service.members import erasures, use_cases
from service.members.schemas import ErasureOut, MemberDetails, StatusIn
from service.openapi import problems
from service.schemas import Key

router = APIRouter(prefix="/v1", tags=["members"])

MemberKey = Annotated[Key, Path(description="The site's own key of the member")]
StatusKey = Annotated[Principal, Depends(allow(Scope.REVIEW, Scope.ADMIN))]


@router.get("/members/{key}", responses=problems(401, 403, 404, 422), summary="Read a member")
def get_member(key: MemberKey, principal: ReadingKey, context: Services) -> MemberDetails:
    """Return the member's status and counts; a member is there since their first comment."""
    return use_cases.read_member(context, principal.site_id, key)


@router.patch(
    "/members/{key}",
    responses=problems(401, 403, 404, 413, 422, 429),
    summary="Set a member's status",
)
def patch_member(
    key: MemberKey, change: StatusIn, principal: StatusKey, context: Services
) -> MemberDetails:
    """Suspend, ban or premoderate a member, for a time or for good, or let them be again."""
    count_write(context, principal)
    return use_cases.set_status(context, principal.site_id, key, change)


@router.delete(
    "/members/{key}",
    status_code=202,
    responses=problems(401, 403, 404, 422, 429),
    summary="Erase a member",
)
def delete_member(
    key: MemberKey, principal: AdminKey, context: Services, response: Response
) -> ErasureOut:
    """Take key and name away at once; texts, notes and evidence are blanked soon after.

    The receipt says when all of it is done. Keep its id: nothing else will lead there.
    """
    count_write(context, principal)
    receipt = erasures.request_erasure(context, principal.site_id, key)
    response.headers["Location"] = f"/v1/erasures/{receipt.id}"
    return receipt


@router.get(
    "/erasures/{erasure_id}",
    responses=problems(401, 403, 404),
    summary="Read the receipt of an erasure",
)
def get_erasure(erasure_id: str, principal: AdminKey, context: Services) -> ErasureOut:
    """Return how far the erasure is."""
    return erasures.read_erasure(context, principal.site_id, parse_id(erasure_id, "erasure"))
