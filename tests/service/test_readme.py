from pathlib import Path

from service.settings import Settings

README = Path(__file__).parents[2] / "README.md"


def settings_table() -> list[str]:
    """Return the rows of the README's table, from the settings themselves."""
    return [
        f"| `NETIQUETTE_{name.upper()}` | `{field.default}` | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]


def test_the_readme_lists_every_setting_as_it_is() -> None:
    text = README.read_text("utf-8")
    assert [row for row in text.splitlines() if row.startswith("| `NETIQUETTE_")] == (
        settings_table()
    )
