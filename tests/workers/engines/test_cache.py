"""The cache of scores holds no text, and not for long."""

import pickle

from workers.engines import Scored
from workers.engines.cache import SECONDS, ScoreCache


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def scored(score: float) -> Scored:
    return Scored({"toxicity": score}, 0.1)


def test_the_same_text_is_found_and_no_other() -> None:
    cache = ScoreCache()
    cache.put("Hallo", scored(0.1))
    assert cache.get("Hallo") == scored(0.1)
    assert cache.get("hallo") is None


def test_the_oldest_makes_room() -> None:
    cache = ScoreCache(size=2)
    for number in range(3):
        cache.put(str(number), scored(0.1))
    assert [cache.get(str(number)) is not None for number in range(3)] == [False, True, True]


def test_entries_go_after_a_while() -> None:
    clock = Clock()
    cache = ScoreCache(clock=clock)
    cache.put("Hallo", scored(0.1))
    clock.seconds = SECONDS - 1
    assert cache.get("Hallo")
    clock.seconds = SECONDS
    assert cache.get("Hallo") is None
    assert not cache._entries


def test_no_text_and_no_hash_that_could_be_guessed_is_kept() -> None:
    caches = [ScoreCache(), ScoreCache()]
    for cache in caches:
        cache.put("geheimer Text", scored(0.1))
    kept = [pickle.dumps(cache._entries) for cache in caches]
    assert b"geheim" not in kept[0]
    assert set(caches[0]._entries) != set(caches[1]._entries)


def test_a_lone_surrogate_is_no_crash() -> None:
    assert ScoreCache().get("\ud800") is None
