"""The member calls of the HTTP contract."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from service.auth.dependencies import AdminKey, AdminWriteKey, ReadingKey, allow_write
from service.errors import NotFound
from service.http.callers import Caller, Scope
from service.http.context import Context
from service.http.openapi import LOCATION, problems
from service.http.schemas import Key
from service.members import erasures, use_cases
from service.members.schemas import ErasureId, ErasureOut, MemberChanges, MemberDetails

router = APIRouter(prefix="/v1", tags=["members"])

MemberKey = Annotated[Key, Path(description="The site's own key of the member")]
StatusKey = Annotated[Caller, Depends(allow_write(Scope.REVIEW, Scope.ADMIN))]


@router.get(
    "/members/{key}",
    operation_id="get_member",
    responses=problems(NotFound),
    summary="Read a member",
)
def get_member(key: MemberKey, caller: ReadingKey, context: Context) -> MemberDetails:
    """Return the member's status and counts; a member exists from their first comment on."""
    return use_cases.read_member(context, caller.site_id, key)


@router.patch(
    "/members/{key}",
    operation_id="change_member",
    responses=problems(NotFound),
    summary="Change a member's status",
)
def patch_member(
    key: MemberKey, changes: MemberChanges, caller: StatusKey, context: Context
) -> MemberDetails:
    """Suspend, ban or premoderate a member, with or without an end, or make them active.

    What is left out stays: a new status keeps the reason and the end of the one before,
    unless you send others, or null. `active` ends both.
    """
    who = changes.moderator.asserted_by(caller) if changes.moderator else None
    return use_cases.change_status(context, caller.site_id, key, changes, who)


@router.delete(
    "/members/{key}",
    operation_id="erase_member",
    status_code=202,
    responses={202: {"headers": LOCATION}, **problems(NotFound)},
    summary="Erase a member",
)
def delete_member(
    key: MemberKey, caller: AdminWriteKey, context: Context, response: Response
) -> ErasureOut:
    """Remove the member's key and name at once; texts, notes and evidence follow soon after.

    The receipt says when the erasure is completed. Keep its id: there is no other way to
    find the receipt.
    """
    receipt = erasures.request_erasure(context, caller.site_id, key)
    response.headers["Location"] = f"/v1/erasures/{receipt.id}"
    return receipt


@router.get(
    "/erasures/{erasure_id}",
    operation_id="get_erasure",
    responses=problems(NotFound),
    summary="Read the receipt of an erasure",
)
def get_erasure(erasure_id: ErasureId, caller: AdminKey, context: Context) -> ErasureOut:
    """Return the state of an erasure, and how many comments it has blanked so far."""
    return erasures.get_erasure(context, caller.site_id, erasure_id)
