"""What follows from attempts to reach an endpoint: examples, and what holds for all."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.deliveries import (
    DELAYS,
    GIVE_UP,
    JITTER,
    MAX_PAUSE,
    Cause,
    Delivered,
    DisabledReason,
    Gone,
    Health,
    Outcome,
    Refused,
    Trial,
    Unreached,
    Verdict,
    Waiting,
    delay,
    judge_round,
    superseded,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FAILED = Refused(500)
FRESH = Trial()
TAKEN = Delivered(204)

moments = st.timedeltas(timedelta(0), timedelta(days=30)).map(lambda ago: NOW - ago)
chances = st.floats(0, 1)
pauses = st.none() | st.timedeltas(timedelta(0), timedelta(days=400))
failures = st.one_of(
    st.builds(Refused, st.sampled_from([301, 404, 429, 500, 503]), pauses),
    st.sampled_from(Cause).map(Unreached),
)
deliveries = st.integers(200, 299).map(Delivered)
healths = st.one_of(
    st.just(Health()),
    st.builds(Health, st.integers(1, 200), moments, moments),
)
fresh = st.just(FRESH) | st.builds(Trial, st.integers(1, 20))
refused = st.integers(1, 20).flatmap(
    lambda n: st.builds(Trial, st.integers(n, n + 20), st.just(n), moments, moments)
)


def rounds(outcomes: st.SearchStrategy[Outcome]) -> st.SearchStrategy[dict[int, Outcome]]:
    return st.dictionaries(st.integers(1, 99), outcomes, min_size=1, max_size=16)


def judge(
    outcomes: dict[int, Outcome],
    health: Health | None = None,
    trials: dict[int, Trial] | None = None,
    now: datetime = NOW,
    chance: float = 0.0,
) -> Verdict:
    known = dict.fromkeys(outcomes, FRESH) | (trials or {})
    return judge_round(health or Health(), known, outcomes, now, chance)


def drawn(data: st.DataObject, outcomes: Iterable[int]) -> dict[int, Trial]:
    return {sequence: data.draw(fresh | refused) for sequence in outcomes}


@pytest.mark.parametrize(
    ("count", "seconds"),
    [(1, 5), (2, 60), (3, 300), (4, 1800), (5, 3600), (6, 3600), (7, 3600), (1000, 3600)],
)
def test_the_endpoint_is_probed_later_and_later_then_hourly(count: int, seconds: int) -> None:
    before = Health(count - 1, NOW - HOUR if count > 1 else None, NOW if count > 1 else None)
    after = judge({1: FAILED}, before).health
    assert after.failures == count
    assert after.next_attempt_at == NOW + timedelta(seconds=seconds)
    assert judge({1: FAILED}, before, chance=1.0).health.next_attempt_at == NOW + timedelta(
        seconds=seconds * 1.2
    )


@given(st.integers(1, 10_000), chances, chances)
def test_delays_grow_with_failures_and_jitter_within_bounds(
    count: int, chance: float, other: float
) -> None:
    least = delay(count, 0.0)
    assert least in DELAYS
    assert least <= delay(count, chance) <= least * (1 + JITTER)
    assert delay(count + 1, 0.0) >= least
    low, high = sorted([chance, other])
    assert delay(count, low) <= delay(count, high)


def test_a_dead_endpoint_is_disabled_after_five_days_and_nothing_is_given_up() -> None:
    health, trial, now, attempts = Health(), FRESH, NOW, [NOW]
    while not health.disabled:
        verdict = judge({1: Unreached(Cause.CONNECTION)}, health, {1: trial}, now, chance=0.5)
        health, trial = verdict.health, verdict.trials[1]
        assert not trial.given_up
        assert not verdict.releases
        if health.next_attempt_at:
            assert health.failing_since == NOW
            now = health.next_attempt_at
            attempts.append(now)
    assert health == Health(disabled=DisabledReason.FAILING)
    assert GIVE_UP <= now - NOW <= GIVE_UP + DELAYS[-1] * (1 + JITTER)
    gaps = [later - earlier for earlier, later in pairwise(attempts)]
    assert gaps[:4] == [one * 1.1 for one in DELAYS[:4]]
    assert set(gaps[4:]) == {HOUR * 1.1}


def test_just_before_five_days_it_is_still_probed() -> None:
    before = Health(40, NOW - GIVE_UP + timedelta(seconds=1), NOW)
    assert judge({1: FAILED}, before).health == Health(41, before.failing_since, NOW + HOUR)


@given(rounds(failures | deliveries), healths, st.data(), chances)
def test_any_2xx_resets_and_releases(
    outcomes: dict[int, Outcome], health: Health, data: st.DataObject, chance: float
) -> None:
    outcomes = outcomes | {100: TAKEN}
    verdict = judge(outcomes, health, drawn(data, outcomes), chance=chance)
    after = verdict.health
    assert (after.failures, after.failing_since, after.disabled) == (0, None, None)
    assert verdict.releases is (health.failures > 0)
    asks = any(
        isinstance(one, Refused) and one.retry_after is not None for one in outcomes.values()
    )
    assert (after.next_attempt_at is not None) is asks


@given(rounds(failures), healths, st.data(), chances)
def test_a_round_without_2xx_gates_the_endpoint_and_holds_its_messages_ready(
    outcomes: dict[int, Outcome], health: Health, data: st.DataObject, chance: float
) -> None:
    health = replace(health, failing_since=NOW - HOUR if health.failures else None)
    trials = {sequence: data.draw(fresh) for sequence in outcomes}
    verdict = judge(outcomes, health, trials, chance=chance)
    after = verdict.health
    assert after.failures == health.failures + 1
    assert after.failing_since == (health.failing_since or NOW)
    assert after.next_attempt_at is not None
    assert not verdict.releases
    asked = [
        one.retry_after
        for one in outcomes.values()
        if isinstance(one, Refused) and one.retry_after is not None
    ]
    wait = after.next_attempt_at - NOW
    if asked:
        assert wait == min(max(timedelta(seconds=1), *asked), MAX_PAUSE)
    else:
        assert wait == delay(after.failures, chance)
    for trial in verdict.trials.values():
        # The endpoint's gate is what holds them, so that they go out when it opens.
        assert trial.refusals or trial.due_at == NOW


@given(rounds(failures | deliveries | st.just(Gone())), healths, st.data(), chances)
def test_exactly_the_messages_that_failed_are_judged(
    outcomes: dict[int, Outcome], health: Health, data: st.DataObject, chance: float
) -> None:
    trials = drawn(data, outcomes)
    verdict = judge(outcomes, health, trials, chance=chance)
    assert verdict.trials.keys() == {
        sequence for sequence, one in outcomes.items() if not isinstance(one, Delivered)
    }
    for sequence, after in verdict.trials.items():
        before = trials[sequence]
        assert after.attempts == before.attempts + 1
        assert before.refusals <= after.refusals <= before.refusals + 1
        assert (after.first_failed_at is None) is (after.refusals == 0)
        assert after.due_at is not None
        assert timedelta(0) <= after.due_at - NOW <= DELAYS[-1] * (1 + JITTER)
    disabled = verdict.health.disabled
    assert (disabled is DisabledReason.GONE) is any(
        isinstance(one, Gone) for one in outcomes.values()
    )
    if disabled:
        assert not verdict.releases


def test_410_disables_though_others_were_taken() -> None:
    verdict = judge({1: TAKEN, 2: Gone(), 3: TAKEN}, Health(3, NOW - HOUR, NOW))
    assert verdict.health == Health(disabled=DisabledReason.GONE)
    assert not verdict.releases


def test_a_message_refused_while_others_pass_waits_on_its_own_and_is_given_up() -> None:
    """In its own round later on, and at last for good: the endpoint stays as it is."""
    verdict = judge({1: FAILED, 2: TAKEN})
    attempts = [NOW]
    while not verdict.trials[1].given_up:
        trial = verdict.trials[1]
        assert verdict.health == Health()
        assert trial.due_at
        attempts.append(trial.due_at)
        verdict = judge({1: FAILED}, verdict.health, {1: trial}, trial.due_at)
    gaps = [later - earlier for earlier, later in pairwise(attempts)]
    assert gaps[:5] == list(DELAYS)
    assert set(gaps[5:]) == {HOUR}
    assert GIVE_UP <= attempts[-1] - NOW <= GIVE_UP + HOUR
    assert verdict.health == Health()


def test_a_message_that_fails_right_after_the_endpoint_recovered_counts_as_refused() -> None:
    trial = Trial(attempts=1)
    verdict = judge({1: FAILED}, Health(), {1: trial})
    assert verdict.trials[1].refusals == 1
    # It may have gone away again, though, so others wait for a probe.
    assert verdict.health.failures == 1


@given(rounds(failures), healths, st.data())
def test_messages_refused_before_gate_nobody_but_where_a_pause_is_asked_for(
    outcomes: dict[int, Outcome], health: Health, data: st.DataObject
) -> None:
    health = replace(health, failing_since=NOW - HOUR if health.failures else None)
    trials = {sequence: data.draw(refused) for sequence in outcomes}
    after = judge(outcomes, health, trials).health
    assert replace(after, next_attempt_at=None) == replace(health, next_attempt_at=None)
    asks = any(
        isinstance(one, Refused) and one.retry_after is not None for one in outcomes.values()
    )
    if not asks:
        assert after == health


@given(rounds(failures), st.data(), st.integers(1, 200))
def test_after_five_days_without_a_2xx_it_is_disabled_whatever_waits(
    outcomes: dict[int, Outcome], data: st.DataObject, count: int
) -> None:
    before = Health(count, NOW - GIVE_UP, NOW)
    after = judge(outcomes, before, drawn(data, outcomes)).health
    assert after == Health(disabled=DisabledReason.FAILING)


def test_time_that_an_endpoint_was_away_does_not_count_against_its_messages() -> None:
    """Once it is enabled again after five days, one more failure must not give them up."""
    health, trial, now = Health(), FRESH, NOW
    while not health.disabled:
        verdict = judge({1: FAILED}, health, {1: trial}, now)
        health, trial = verdict.health, verdict.trials[1]
        now = health.next_attempt_at or now
    enabled_at = now + HOUR
    after = judge({1: FAILED}, Health(), {1: trial}, enabled_at).trials[1]
    assert (after.refusals, after.first_failed_at, after.given_up) == (1, enabled_at, False)


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        (timedelta(0), timedelta(seconds=1)),
        (timedelta(seconds=1), timedelta(seconds=1)),
        (timedelta(seconds=7), timedelta(seconds=7)),
        (timedelta(days=1), timedelta(days=1)),
        (timedelta(days=400), timedelta(days=1)),
    ],
)
@pytest.mark.parametrize("trial", [FRESH, Trial(3, 2, NOW, NOW)])
@pytest.mark.parametrize("others", [{}, {2: TAKEN}, {2: FAILED}])
def test_retry_after_replaces_the_delay_within_bounds(
    asked: timedelta, granted: timedelta, trial: Trial, others: dict[int, Outcome]
) -> None:
    after = judge({1: Refused(429, asked), **others}, trials={1: trial}).health
    assert after.next_attempt_at == NOW + granted


def test_the_longest_pause_asked_for_counts() -> None:
    asked = {1: Refused(503, timedelta(seconds=2)), 2: Refused(503, timedelta(seconds=9))}
    assert judge({**asked, 3: FAILED}).health.next_attempt_at == NOW + timedelta(seconds=9)


@given(
    st.lists(
        st.builds(
            Waiting,
            st.integers(1, 1000),
            st.integers(1, 4).map(lambda number: UUID(int=number)),
            st.booleans(),
        ),
        unique_by=lambda message: message.sequence,
        max_size=40,
    ),
    st.randoms(use_true_random=False),
)
def test_per_subject_the_newest_state_replaces_exactly_the_earlier_ones(
    waiting: list[Waiting], random: Random
) -> None:
    replaced = superseded(waiting)
    states: dict[UUID, list[int]] = {}
    for message in sorted(waiting, key=lambda message: message.sequence):
        if message.tells_state:
            states.setdefault(message.subject, []).append(message.sequence)
    assert replaced == {ordered[-1]: ordered[:-1] for ordered in states.values() if ordered[1:]}
    shuffled = list(waiting)
    random.shuffle(shuffled)
    assert superseded(shuffled) == replaced
