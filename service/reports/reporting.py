"""Stores reports, and flags a comment once enough members have reported it."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from service.comments.changes import Change, change_state
from service.comments.repository import lock_comment
from service.domain.events import EventType
from service.domain.states import Actor, State
from service.errors import NotReportable
from service.events import outbox
from service.http.callers import Caller
from service.http.context import Context
from service.http.schemas import ReporterOut
from service.members.repository import is_erased
from service.policies.active import read_active_policies
from service.policies.gathering import with_reports
from service.policy.judgement import judge
from service.policy.phases import REPORTED
from service.reports.schemas import ReportIn, ReportOut
from service.tables import Comment, Decision, Member, Report
from service.tables.conditions import OPEN_REPORT
from service.upsert import find_or_make


@dataclass(frozen=True)
class Kept:
    """A stored report; `created` is false if the member's report was already open."""

    report: ReportOut
    created: bool


def report_comment(context: Context, caller: Caller, comment_id: UUID, item: ReportIn) -> Kept:
    """Store a report; while a member's report is open, return it instead of a second one.

    A reporter whom the site has not named before becomes a member, so that the report keeps
    its reporter. Towards the policy's limit only members in good standing count (see
    `service.policies.gathering`).

    Raises NotFound, TooManyRequests, or NotReportable for a rejected or withdrawn comment.
    """
    site_id = caller.site_id
    _count(context, caller, item)
    with context.database.write() as session:
        comment = lock_comment(session, site_id, comment_id)
        if comment.state in (State.REJECTED, State.WITHDRAWN):
            raise NotReportable(
                f"The comment is {comment.state}; readers cannot see it. No report is needed."
            )
        reporter = _find_reporter(session, site_id, item)
        first = _find_open(session, comment, reporter) if reporter else None
        if first:
            return Kept(_present(first, reporter), created=False)
        report = _add(session, comment, reporter, item)
        if reporter:
            _flag_if_limit_is_reached(session, comment)
        return Kept(_present(report, reporter), created=True)


def _count(context: Context, caller: Caller, item: ReportIn) -> None:
    if item.reporter:
        who = f"member:{item.reporter.key}"
    elif item.anonymous_id:
        who = f"anonymous:{item.anonymous_id}"
    else:
        who = f"key:{caller.counted_as}"
    context.limiter.hit(context.settings.report_rate, "report", str(caller.site_id), who)


def _find_reporter(session: Session, site_id: UUID, item: ReportIn) -> Member | None:
    if item.reporter is None:
        return None
    key = item.reporter.key
    member = find_or_make(session, Member, site_id, [key])[key]
    # An erased member takes nothing more under the random key that has replaced theirs.
    return None if is_erased(session, member) else member


def _find_open(session: Session, comment: Comment, reporter: Member) -> Report | None:
    return session.exec(
        select(Report).where(
            col(Report.site_id) == comment.site_id,
            col(Report.comment_id) == comment.id,
            col(Report.reporter_id) == reporter.id,
            OPEN_REPORT,
        )
    ).one_or_none()


def _add(session: Session, comment: Comment, reporter: Member | None, item: ReportIn) -> Report:
    now = outbox.next_moment(session, comment)
    report = Report(
        site_id=comment.site_id,
        comment_id=comment.id,
        revision=comment.revision,
        reporter_id=reporter.id if reporter else None,
        reason=item.reason,
        note=item.note,
        created_at=now,
    )
    session.add(report)
    session.flush()
    held = outbox.held_until(session, comment)
    outbox.record(
        session,
        EventType.REPORT_RECEIVED,
        outbox.about_report(report),
        at=now,
        due=max(now, held) if held else now,
    )
    session.flush()
    return report


def _flag_if_limit_is_reached(session: Session, comment: Comment) -> None:
    """Flag a comment that the policy approved, if enough members' reports are open.

    A comment that a moderator approved stays approved, and is in the queue as reported.
    The policy judges the facts of its approval again, together with the reports, so that
    the stored facts explain the new decision.
    """
    if comment.state is not State.APPROVED:
        return
    approval = _standing_decision(session, comment)
    if approval.actor is not Actor.POLICY:
        return
    policy = read_active_policies(session, [comment.site_id])[comment.site_id]
    facts = with_reports(session, comment, approval.facts)
    judgement = judge(policy.document, facts)
    comment.risk = judgement.risk
    if any(reason.code == REPORTED for reason in judgement.reasons):
        change_state(
            session,
            Change(
                comment,
                State.FLAGGED,
                Actor.POLICY,
                reasons=[reason.stored() for reason in judgement.reasons],
                policy=policy.version,
                assessment_id=approval.assessment_id,
                facts=facts.model_dump(mode="json"),
            ),
        )


def _standing_decision(session: Session, comment: Comment) -> Decision:
    """Return the newest decision on the comment that was not undone and is no undo."""
    decisions = session.exec(
        select(Decision)
        .where(
            col(Decision.site_id) == comment.site_id,
            col(Decision.comment_id) == comment.id,
        )
        .order_by(col(Decision.created_at).desc(), col(Decision.id).desc())
    ).all()
    undone = {decision.undoes for decision in decisions}
    return next(made for made in decisions if made.undoes is None and made.id not in undone)


def _present(report: Report, reporter: Member | None) -> ReportOut:
    return ReportOut(
        id=report.id,
        comment_id=report.comment_id,
        revision=report.revision,
        reporter=ReporterOut(key=reporter.key) if reporter else None,
        reason=report.reason,
        note=report.note,
        created_at=report.created_at,
        resolved_at=report.resolved_at,
    )
