"""Events and endpoints, put into the database as the service would leave them."""

from pydantic import SecretStr
from sqlmodel import Session, col, select

from service.comments.changes import Change, change_state
from service.domain.events import EventType
from service.domain.states import Actor, State
from service.events.outbox import TICK
from service.secret_box import SecretBox
from service.tables import Comment, Endpoint
from service.testing.rows import SiteRows, insert_comment, insert_report
from service.webhooks.secrets import new_secret

SECRET_KEY = "benchmarks-need-no-secret-key-that-is-secret"  # noqa: S105 - and says so

TYPES = [EventType.COMMENT_APPROVED.value, EventType.REPORT_RECEIVED.value]


def add_comment_with_events(session: Session, rows: SiteRows, reports: int) -> None:
    """Add an approved comment with so many reports: an event each, and one for the approval."""
    comment_id = insert_comment(session, rows, "Das sehe ich anders, aber danke für den Artikel!")
    comment = session.exec(
        select(Comment).where(col(Comment.site_id) == rows.site_id, col(Comment.id) == comment_id)
    ).one()
    decision = change_state(session, Change(comment, State.APPROVED, Actor.POLICY, policy=1))
    for place in range(reports):
        at = decision.created_at + TICK * (place + 1)
        insert_report(session, comment_id, rows.site_id, at)
    session.flush()


def add_endpoint(session: Session, rows: SiteRows, url: str) -> Endpoint:
    """Add an endpoint that is sent everything."""
    endpoint = Endpoint(
        site_id=rows.site_id,
        url=url,
        events=TYPES,
        secret=SecretBox(SecretStr(SECRET_KEY)).encrypt(new_secret()),
        queued_sequence=0,
    )
    session.add(endpoint)
    session.flush()
    return endpoint
