"""The report call of the HTTP contract."""

from fastapi import APIRouter, Response

from service.auth.dependencies import CommentsWriteKey
from service.comments.schemas import CommentId
from service.errors import NotFound, NotReportable
from service.http.context import Context
from service.http.openapi import problems
from service.reports.reporting import report_comment
from service.reports.schemas import ReportIn, ReportOut

router = APIRouter(prefix="/v1/comments", tags=["comments"])

CREATED, KNOWN = 201, 200


@router.post(
    "/{comment_id}/reports",
    operation_id="report_comment",
    status_code=CREATED,
    responses={
        KNOWN: {"model": ReportOut, "description": "An earlier report of the member is open"},
        **problems(NotFound, NotReportable),
    },
    summary="Report a comment",
)
def post_report(
    comment_id: CommentId,
    report: ReportIn,
    caller: CommentsWriteKey,
    context: Context,
    response: Response,
) -> ReportOut:
    """Report a comment to the moderators; reports by enough known members take it down."""
    kept = report_comment(context, caller, comment_id, report)
    response.status_code = CREATED if kept.created else KNOWN
    return kept.report
