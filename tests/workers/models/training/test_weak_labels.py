import pytest

from workers.models.training.examples import HARMLESS, Example, Labels
from workers.models.training.weak_labels import label, word_lists

LISTS = word_lists()


def labelled(text: str, labels: Labels) -> Labels:
    return label(Example(text, labels, "de", "test"), LISTS).labels


@pytest.mark.parametrize(
    "text", ["So eine Scheiße!", "ARSCHLOCH", "what the fuck", "verfickter Mist"]
)
def test_vulgar_words_are_obscene_however_harmless(text: str) -> None:
    assert labelled(text, HARMLESS) == {**HARMLESS, "obscene": 1.0}


@pytest.mark.parametrize("text", ["Das Marschland", "Scunthorpe", "Klassenfahrt", "a classic"])
def test_parts_of_words_are_not(text: str) -> None:
    assert labelled(text, HARMLESS)["obscene"] == 0.0


def test_a_given_label_is_kept() -> None:
    known = {"toxicity": 1.0, "obscene": 1.0, "threat": 1.0}
    assert labelled("ganz ohne solche Wörter", known) == known


def test_words_of_violence_leave_the_threat_unknown() -> None:
    assert "threat" not in labelled("Ich bringe dich um", {"toxicity": 1.0})
    assert labelled("Du bist dumm", {"toxicity": 1.0})["threat"] == 0.0


def test_where_nothing_is_known_nothing_is_added() -> None:
    assert labelled("what the fuck", {}) == {}
