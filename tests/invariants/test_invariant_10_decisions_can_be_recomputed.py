"""Invariant 10: policy and record give the same decision, without a model."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import select

from service.db import Database
from service.domain.languages import Detection
from service.domain.scores import ATTRIBUTES
from service.domain.vocabulary import Lane, MemberStatus
from service.settings import Settings
from service.tables import Assessment, Decision, Member
from service.testing.rows import add_comments, add_site
from tests.support.fake_worker import FakeEngine
from tests.support.record import check_record
from workers.engines import Scored
from workers.scoring.batch import Scoring
from workers.scoring.outcomes import Outcome

scores = st.dictionaries(st.sampled_from(ATTRIBUTES), st.floats(0, 1))


class Given(FakeEngine):
    """Returns the forms that it was given."""

    def __init__(self, forms: dict[str, dict[str, float]]) -> None:
        self._forms = forms

    def score(self, texts: Sequence[str]) -> list[Scored]:
        return [
            Scored(scores={}, duration=0.1, forms=self._forms, detection=Detection("de"))
            for _ in texts
        ]


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    forms=st.dictionaries(st.sampled_from(["original", "folded"]), scores),
    status=st.sampled_from(MemberStatus),
)
def test_every_decision_is_recomputed_from_its_record(
    database: Database,
    tmp_path: Path,
    forms: dict[str, dict[str, float]],
    status: MemberStatus,
) -> None:
    rows = add_site(database, f"site-{len(list(tmp_path.iterdir()))}")
    (tmp_path / str(rows.site_id)).touch()
    with database.write() as session:
        session.get_one(Member, rows.member_id).status = status
    (comment_id,) = add_comments(database, rows, "Guten Tag")
    outcome = Scoring(database, Settings(), print).run(Given(forms), Lane.COMMENTS)
    assert outcome is Outcome.STORED
    check_record(database, [comment_id])
    with database.read() as session:
        decision = session.exec(select(Decision).where(Decision.comment_id == comment_id)).one()
        assessment = session.get_one(Assessment, decision.assessment_id)
    assert decision.policy == 1
    assert decision.facts["member_status"] == status
    assert assessment.model == FakeEngine.model
    assert assessment.provenance == FakeEngine.provenance
    assert (assessment.language, assessment.duration) == ("de", 0.1)
