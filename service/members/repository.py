"""Reads members, and counts their comments and reports; every query is scoped to a site."""

from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from service.domain.states import State
from service.errors import NotFound
from service.members.schemas import CommentCounts, ReportCounts
from service.tables import Comment, Decision, Erasure, Member, Report


def members_with_key(site_id: UUID, key: str) -> SelectOfScalar[Member]:
    """Return the query for the site's member with this key, unless it was erased."""
    erased = select(Erasure.id).where(col(Erasure.member_id) == col(Member.id)).exists()
    return select(Member).where(col(Member.site_id) == site_id, col(Member.key) == key, ~erased)


def is_erased(session: Session, member: Member) -> bool:
    """Tell whether the member was erased, or is being erased."""
    erasures = select(Erasure.id).where(col(Erasure.member_id) == member.id)
    return session.exec(erasures).first() is not None


def get_member(session: Session, site_id: UUID, key: str, *, lock: bool = False) -> Member:
    """Return the site's member; raises NotFound, also for an erased member.

    With `lock`, no other transaction can change or erase the member until the commit.
    """
    query = members_with_key(site_id, key)
    member = session.exec(query.with_for_update() if lock else query).one_or_none()
    if member is None:
        raise NotFound("member")
    return member


def count_comments(session: Session, member: Member) -> CommentCounts:
    """Count the member's comments by state."""
    rows = session.exec(
        select(Comment.state, func.count())
        .where(col(Comment.site_id) == member.site_id, col(Comment.member_id) == member.id)
        .group_by(col(Comment.state))
    )
    return CommentCounts.model_validate(dict(rows.all()))


def count_reports(session: Session, member: Member) -> ReportCounts:
    """Count the reports that the member made, and those that were upheld.

    A decision that rejects the comment upholds its reports, unless it was undone.
    """
    undo = aliased(Decision)
    upheld = (
        select(Decision.id)
        .where(
            col(Decision.id) == col(Report.resolved_by),
            col(Decision.to_state) == State.REJECTED,
            ~select(undo.id).where(col(undo.undoes) == col(Decision.id)).exists(),
        )
        .exists()
    )
    made = select(func.count()).where(
        col(Report.site_id) == member.site_id, col(Report.reporter_id) == member.id
    )
    return ReportCounts(
        made=session.exec(made).one(), upheld=session.exec(made.where(upheld)).one()
    )
