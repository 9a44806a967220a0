from pathlib import Path

import pytest

from workers.models.evaluation.card import BEGIN, END, NoPlace, put


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text(f"# Model\n{BEGIN}\nold\n{END}\nLicence\n", "utf-8")
    for figures in ("| ä |", "| new |"):
        put(card, figures)
        assert card.read_text("utf-8") == f"# Model\n{BEGIN}\n{figures}\n{END}\nLicence\n"


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}\n{BEGIN}"])
def test_a_card_without_a_place_is_left_alone(tmp_path: Path, text: str) -> None:
    card = tmp_path / "card.md"
    card.write_text(text, "utf-8")
    with pytest.raises(NoPlace, match="needs a line"):
        put(card, "figures")
    assert card.read_text("utf-8") == text


def test_the_card_of_the_bundled_model_has_a_place() -> None:
    root = Path(__file__).parents[4]
    text = (root / "docs" / "models" / "netiquette-de-en.md").read_text("utf-8")
    assert 0 < text.index(BEGIN) < text.index(END)
