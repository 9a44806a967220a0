"""docs/operations.md names what there is: metrics, settings, commands, log events."""

import re
from typing import get_args

import pytest
from typer.testing import CliRunner

from service.cli import application
from service.health.use_cases import Trouble
from service.settings import Settings
from tests.deploy.dockerfile import ROOT
from tests.support.reading import rows

TEXT = (ROOT / "docs" / "operations.md").read_text("utf-8")
CODE = re.findall(r"`([^`\n]+)`", TEXT) + re.findall(r"^    (.+)$", TEXT, re.MULTILINE)
COMMANDS = sorted(
    {found for code in CODE for found in re.findall(r"\bnetiquette((?: [a-z]+){1,2})", code)}
)
METRICS = {name: labels.split(", ") for name, _, labels, *_ in rows("Metrics")}


def section(heading: str) -> str:
    return TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def test_queries_name_metrics_and_labels_that_exist() -> None:
    used = set()
    for name, matchers in re.findall(r"(netiquette_\w+)(?:\{([^}]*)\})?", TEXT):
        family = re.sub("_(bucket|sum|count)$", "", name)
        if family.removeprefix("netiquette_") in Settings.model_fields:
            continue  # a secret's file
        assert family in METRICS, name
        assert set(re.findall(r"(\w+)(?:=|!)", matchers)) <= set(METRICS[family]), name
        used.add(family)
    assert "netiquette_oldest_pending_seconds" in used


def test_settings_exist() -> None:
    names = set(re.findall(r"NETIQUETTE_([A-Z_]+)", TEXT))
    assert names
    assert {name.lower() for name in names} <= Settings.model_fields.keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_exist(command: str) -> None:
    result = CliRunner().invoke(application(), [*command.split(), "--help"])
    assert result.exit_code == 0, result.output


def test_log_events_and_words_of_readiness_exist() -> None:
    failures = section("What failures look like")
    sources = "".join(
        path.read_text("utf-8")
        for folder in ("service", "workers")
        for path in (ROOT / folder).rglob("*.py")
    )
    told = {
        event
        for phrase in re.findall(r"\blog ((?:`\w+`(?:, )?)+)", failures)
        for event in re.findall(r"`(\w+)`", phrase)
    }
    assert len(told) > 5
    assert {event for event in told if f'"{event}"' not in sources} == set()
    assert set(re.findall(r"degraded `(\w+)`", failures)) == set(get_args(Trouble))
