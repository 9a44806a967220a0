"""Languages, and honest doubt."""

import pytest

from workers.engines.language import UNDETERMINED, Languages


@pytest.fixture(scope="module")
def languages() -> Languages:
    return Languages()


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
