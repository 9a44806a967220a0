"""The plan of a run: drawn from its seed alone, with as many faults as asked for."""

import pytest

from tests.faults.plan import ON_POSTGRES, ON_SQLITE, PROCESSES, Fault, Kind, rounds


def planned(seed: int, number: int, *, postgres: bool) -> list[Fault]:
    return [fault for one in rounds(seed, number, postgres=postgres) for fault in one.faults]


@pytest.mark.parametrize("postgres", [False, True])
def test_a_seed_gives_the_same_faults_again(postgres: bool) -> None:
    plan = [*rounds(7, 100, postgres=postgres)]
    assert plan == [*rounds(7, 100, postgres=postgres)]
    assert plan != [*rounds(8, 100, postgres=postgres)]


@pytest.mark.parametrize("postgres", [False, True])
def test_a_full_run_has_every_fault_alone_and_a_hundred_in_all(postgres: bool) -> None:
    plan = [*rounds(1, 100, postgres=postgres)]
    alone = {str(one.faults[0]) for one in plan if len(one.faults) == 1}
    wanted = {f"{kind} {name}" for kind in ("kill", "stop", "stop idle") for name in PROCESSES}
    assert wanted < alone
    assert sum(len(one.faults) for one in plan) >= 100
    assert any(len(one.faults) == 2 for one in plan)


@pytest.mark.parametrize(
    ("postgres", "kinds"), [(False, {*Kind} - {*ON_POSTGRES}), (True, {*Kind} - {*ON_SQLITE})]
)
def test_a_short_run_begins_with_one_of_each_kind(postgres: bool, kinds: set[Kind]) -> None:
    plan = planned(3, 3 * len(kinds) // 2 + 1, postgres=postgres)
    assert {fault.kind for fault in plan[: len(kinds)]} == kinds


def test_a_file_is_not_swapped_twice_nor_while_somebody_starts_everything() -> None:
    for seed in range(20):
        for one in rounds(seed, 100, postgres=False):
            kinds = [fault.kind for fault in one.faults]
            if Kind.DATABASE_SWAPPED in kinds:
                assert kinds.count(Kind.DATABASE_SWAPPED) == 1
                assert not {"kill up", "restart up"} & {*map(str, one.faults)}
