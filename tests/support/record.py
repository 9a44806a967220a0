"""What must hold for every decided comment, whatever happened on the way."""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session, col, select

from service.db import Database
from service.domain.events import event_for
from service.domain.states import Actor
from service.policy.facts import Facts
from service.policy.judgement import judge
from service.tables import Assessment, Comment, Decision, Event, Policy


def check_record(database: Database, ids: Iterable[UUID]) -> None:
    """Check the record of each decided comment, as invariants 2, 4 and 10 have it."""
    with database.read() as session:
        for comment_id in ids:
            comment = session.get_one(Comment, comment_id)
            decision = _the_decision(session, comment)
            check_event(session, decision)
            check_assessment(session, decision)
            check_recomputed(session, decision)
            assert (comment.lease, comment.attempts) == (None, 0)


def _the_decision(session: Session, comment: Comment) -> Decision:
    """Return the one automatic decision on the current revision."""
    automatic = col(Decision.actor).in_([Actor.POLICY, Actor.SYSTEM])
    query = select(Decision).where(Decision.comment_id == comment.id, automatic)
    decisions = [d for d in session.exec(query) if d.revision == comment.revision]
    assert len(decisions) == 1
    assert decisions[0].to_state is comment.state
    return decisions[0]


def check_event(session: Session, decision: Decision) -> None:
    """Exactly one event tells of the decision."""
    events = session.exec(select(Event).where(Event.decision_id == decision.id)).all()
    assert [event.type for event in events] == [event_for(decision.to_state)]
    assert [event.created_at for event in events] == [decision.created_at]


def check_assessment(session: Session, decision: Decision) -> None:
    """Check that the assessment is stored once, with where it comes from; or scoring failed."""
    query = select(Assessment).where(
        Assessment.comment_id == decision.comment_id, Assessment.revision == decision.revision
    )
    assessments = session.exec(query).all()
    if decision.facts["failure"]:
        assert (decision.assessment_id, assessments) == (None, [])
    else:
        assert [a.id for a in assessments] == [decision.assessment_id]
        assert assessments[0].forms == decision.facts["forms"]
        assert assessments[0].provenance


def check_recomputed(session: Session, decision: Decision) -> None:
    """Policy and facts give the same decision, without a model."""
    policy = session.get_one(Policy, (decision.site_id, decision.policy))
    again = judge(policy.document, Facts.model_validate(decision.facts))
    assert (again.state, again.actor) == (decision.to_state, decision.actor)
    assert [reason.stored() for reason in again.reasons] == decision.reasons
