from collections import Counter

from workers.models.training.templates import examples


def test_templates_come_out_the_same_and_filled() -> None:
    made = list(examples())
    assert made == list(examples())
    assert not [e for e in made if "{" in e.text]
    assert {e.language for e in made} == {"de", "en"}


def test_every_identity_term_is_in_harmless_texts_too() -> None:
    seen: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for example in examples():
        for group in ("Muslime", "Juden", "Frauen", "Flüchtlinge", "refugees", "Jews"):
            seen[example.toxic][group] += group.lower() in example.text.lower()
    for group, count in seen[True].items():
        assert seen[False][group] >= count / 2, group
