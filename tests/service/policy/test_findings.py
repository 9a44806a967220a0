from hypothesis import given
from hypothesis.strategies import builds, lists, sampled_from

from service.domain.states import State
from service.policy.findings import Finding, Reason, merge

findings = lists(
    builds(
        Finding,
        state=sampled_from([State.FLAGGED, State.REJECTED]),
        reason=builds(Reason, code=sampled_from(["a", "b", "c"])),
    ),
    max_size=6,
)


def test_nothing_found_approves() -> None:
    assert merge([]).state is State.APPROVED


@given(findings)
def test_the_gravest_finding_decides_and_all_reasons_are_kept(found: list[Finding]) -> None:
    verdict = merge(found)
    states = {finding.state for finding in found}
    assert (verdict.state is State.REJECTED) is (State.REJECTED in states)
    assert (verdict.state is State.FLAGGED) is (states == {State.FLAGGED})
    assert list(verdict.reasons) == [finding.reason for finding in found]
