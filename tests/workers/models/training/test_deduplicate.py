from hypothesis import given
from hypothesis import strategies as st

from workers.models.evaluation.reading import normalised
from workers.models.training.deduplicate import deduplicate
from workers.models.training.examples import Example


def example(text: str, **labels: float) -> Example:
    return Example(text, labels or {"toxicity": 0.0}, "de", "test")


def test_writing_does_not_hide_a_copy() -> None:
    forbidden = {normalised("Das ist ein Test, oder?")}
    copies = [example("@wer das IST ein test oder"), example("das ist|LBR|ein »Test« … oder")]
    assert deduplicate(copies, forbidden) == []


def test_the_first_of_equal_texts_stays() -> None:
    first, second = example("Guten Tag!", toxicity=0.0), example("guten tag", toxicity=1.0)
    assert deduplicate([first, second], set()) == [first]


def test_a_text_may_come_once_more_for_its_spans() -> None:
    spans = Example("So ein Unsinn", {}, "en", "civil_whole", ((0, 2),))
    assert deduplicate([spans, example("So ein Unsinn"), spans], set()) == [
        spans,
        example("So ein Unsinn"),
    ]


@given(st.lists(st.text(max_size=8), max_size=12), st.sets(st.text(max_size=8), max_size=5))
def test_nothing_forbidden_or_twice_is_left(texts: list[str], tests: set[str]) -> None:
    forbidden = {normalised(text) for text in tests}
    kept = [normalised(e.text) for e in deduplicate(map(example, texts), forbidden)]
    assert len(kept) == len(set(kept))
    assert not forbidden & set(kept)
