"""The types of event that sites can read or receive."""

from enum import StrEnum

from service.domain.states import State


class EventType(StrEnum):
    """The types of event, by the names that receivers see."""

    COMMENT_APPROVED = "comment.approved"
    COMMENT_FLAGGED = "comment.flagged"
    COMMENT_REJECTED = "comment.rejected"
    COMMENT_WITHDRAWN = "comment.withdrawn"
    COMMENT_EDITED = "comment.edited"
    DECISION_REVERTED = "decision.reverted"
    REPORT_RECEIVED = "report.received"
    REPORT_RESOLVED = "report.resolved"
    MEMBER_STATUS_CHANGED = "member.status_changed"
    MEMBER_ERASED = "member.erased"
    WEBHOOK_TEST = "webhook.test"
    WEBHOOK_DISABLED = "webhook.disabled"


_BY_STATE = {
    State.APPROVED: EventType.COMMENT_APPROVED,
    State.FLAGGED: EventType.COMMENT_FLAGGED,
    State.REJECTED: EventType.COMMENT_REJECTED,
    State.WITHDRAWN: EventType.COMMENT_WITHDRAWN,
    State.PENDING: EventType.COMMENT_EDITED,
}


def event_for(target: State) -> EventType:
    """Return the event of a change to `target`. Only an edit leads back to pending."""
    return _BY_STATE[target]
