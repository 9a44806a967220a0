"""Languages, and honest doubt."""

import pytest

from service.domain.languages import UNDETERMINED, counts_as
from service.policy.document import FIRST_POLICY
from service.policy.facts import Facts, Language
from service.policy.phases import language_unsupported
from workers.engines.language import Languages

KNOWN = ("de", "en")


@pytest.fixture(scope="module")
def languages() -> Languages:
    return Languages(KNOWN)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Das ist doch kompletter Unsinn, was hier behauptet wird.", "de"),
        ("DAS IST DOCH KOMPLETTER UNSINN!", "de"),
        ("This is utter nonsense from start to finish.", "en"),
        ("C'est n'importe quoi, cet article est nul.", "fr"),
        ("Zeile eins ist deutsch,\nZeile zwei ist es auch.", "de"),
        ("Ich finde den neuen Laptop cool, aber das Design ist eher mittelmäßig.", "de"),
        ("Bu haber tamamen yanlış, kimse inanmasın.", "tr"),
    ],
)
def test_clear_cases(languages: Languages, text: str, code: str) -> None:
    found = languages.detect(text)
    assert found.code == code
    assert 0.6 <= found.confidence <= 1


def test_the_policy_hears_of_a_language_that_the_model_lacks(languages: Languages) -> None:
    found = Language.of(languages.detect("Я найду тебя и убью, сволочь."), KNOWN)
    (finding,) = language_unsupported(FIRST_POLICY, Facts(forms={}, language=found))
    assert finding.reason.evidence == "ru"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "lol",
        "😀😀😀",
        "12345 67890 !!!",
        "Nein",
        "Null\0byte",
        "Das hier ist ein ganz normaler deutscher Satz. And this is a perfectly normal one too.",
    ],
)
def test_short_mixed_and_empty_texts_are_undetermined(languages: Languages, text: str) -> None:
    assert languages.detect(text).code == UNDETERMINED


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Shut up, moron.", "en"),
        ("Shut up, you moron.", "en"),
        ("you empty-headed animal food trough wiper!", "en"),
        ("Kill yourself", "en"),
        ("Lauter Vollidioten.", "de"),
        ("Fahr zur Hölle.", "de"),
        ("Ausländer raus", "de"),
        ("Halt die Fresse", "de"),
        ("Dummkopf!", "nl"),
        ("😀😀😀", "nl"),
        ("", "nl"),
        ("Bu haber tamamen yanlış, kimse inanmasın.", "tr"),
        ("Merci pour cet article.", "fr"),
    ],
)
def test_short_texts_count_as_the_likelier_language_or_else_the_main_one(
    languages: Languages, text: str, code: str
) -> None:
    assert counts_as(languages.detect(text), KNOWN, "nl") == code
