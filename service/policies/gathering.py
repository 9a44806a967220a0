"""Gathers the facts that a policy judges by; all judgements on comments get them from here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from service import clock
from service.domain.states import Actor, State
from service.domain.vocabulary import MemberStatus
from service.members.status import current_status, is_active
from service.policies.active import ActivePolicy, read_active_policies
from service.policy.facts import Facts, Language
from service.tables import Comment, Decision, Member, Report
from service.tables.conditions import OPEN_REPORT


@dataclass(frozen=True)
class Background:
    """The data that policies need besides scores, for the comments of one transaction."""

    policies: Mapping[UUID, ActivePolicy]
    """The active policies, by site."""
    statuses: Mapping[UUID, MemberStatus]
    """The members' present statuses, by member."""
    looked_at: frozenset[UUID]
    """Comments that were flagged before, or decided by a moderator."""
    reporters: Mapping[UUID, int]
    """How many members in good standing report a comment; one that nobody reports is absent."""

    def facts(
        self,
        comment: Comment,
        forms: Mapping[str, dict[str, float]],
        failure: str | None = None,
        language: Language | None = None,
    ) -> Facts:
        """Return the facts on the comment; the other arguments are as in `Facts`."""
        return Facts(
            forms=dict(forms),
            failure=failure,
            language=language,
            member_status=self.statuses[comment.member_id],
            previously_flagged=comment.id in self.looked_at,
            reporters=self.reporters.get(comment.id, 0),
        )


def gather(session: Session, comments: Collection[Comment]) -> Background:
    """Return the background of these comments with four queries; they may be of any sites."""
    members = select(Member).where(col(Member.id).in_({c.member_id for c in comments}))
    looked_at = select(Decision.comment_id).where(
        col(Decision.comment_id).in_([comment.id for comment in comments]),
        or_(
            col(Decision.to_state) == State.FLAGGED,
            col(Decision.actor) == Actor.MODERATOR,
        ),
    )
    now = clock.now()
    return Background(
        policies=read_active_policies(session, {comment.site_id for comment in comments}),
        statuses={member.id: current_status(member, now) for member in session.exec(members)},
        looked_at=frozenset(session.exec(looked_at)),
        reporters=_count_reporters(session, comments, now),
    )


def without_comment(
    forms: Mapping[str, dict[str, float]], language: Language | None = None
) -> Facts:
    """Return the facts on a text that is no comment of ours: its scores and its language.

    Coral keeps its comments and members itself. A phase that needs more of a text gets it
    here, too, or it never fires for Coral.
    """
    return Facts(forms=dict(forms), language=language)


def with_reports(session: Session, comment: Comment, recorded: Mapping[str, Any]) -> Facts:
    """Return the recorded facts of a decision, with the number of reporters as it is now."""
    reporters = _count_reporters(session, [comment], clock.now()).get(comment.id, 0)
    return Facts.model_validate({**recorded, "reporters": reporters})


def _count_reporters(
    session: Session, comments: Collection[Comment], now: datetime
) -> Mapping[UUID, int]:
    """Count the different members in good standing who have an open report, by comment.

    They are active, and have written a comment that was neither rejected nor withdrawn:
    otherwise three invented accounts could take down any comment. The author never counts,
    and neither do anonymous reports. Comments without such members are left out.
    """
    own = aliased(Comment)
    has_written = (
        select(own.id)
        .where(
            col(own.site_id) == col(Member.site_id),
            col(own.member_id) == col(Member.id),
            col(own.state).not_in((State.REJECTED, State.WITHDRAWN)),
        )
        .exists()
    )
    counted = session.exec(
        select(Report.comment_id, func.count(col(Report.reporter_id).distinct()))
        .join(Member, col(Member.id) == col(Report.reporter_id))
        .join(Comment, col(Comment.id) == col(Report.comment_id))
        .where(
            col(Report.site_id).in_({comment.site_id for comment in comments}),
            col(Report.comment_id).in_([comment.id for comment in comments]),
            OPEN_REPORT,
            col(Report.reporter_id) != col(Comment.member_id),
            is_active(now),
            has_written,
        )
        .group_by(col(Report.comment_id))
    )
    return dict(counted.all())
