"""The report call of the HTTP contract."""

from fastapi import APIRouter, Response

from service.auth.dependencies import CommentsKey
from service.comments.use_cases import count_write
from service.context import Services
from service.ids import parse_id
from service.openapi import problems
from service.reports import intake
from service.reports.schemas import ReportIn, ReportOut

router = APIRouter(prefix="/v1/comments", tags=["comments"])


@router.post(
    "/{comment_id}/reports",
    status_code=intake.CREATED,
    responses={
        200: {"model": ReportOut, "description": "This member's report is still open"},
        **problems(401, 403, 404, 409, 413, 422, 429),
    },
    summary="Report a comment",
)
def post_report(
    comment_id: str,
    report: ReportIn,
    principal: CommentsKey,
    context: Services,
    response: Response,
) -> ReportOut:
    """Tell the moderators of a comment; reports of enough known members take it down."""
    count_write(context, principal)
    answer = intake.report_comment(context, principal, parse_id(comment_id, "comment"), report)
    response.status_code = answer.status
    return answer.report
