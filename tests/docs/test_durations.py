"""`make help` and the pages say the same of how long something takes."""

import re

from tests.deploy.dockerfile import ROOT

HELP = dict(
    re.findall(r"^([a-z-]+):.*## (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
)
BENCHMARKS = (ROOT / "docs" / "benchmarks.md").read_text("utf-8")
FAULTS = (ROOT / "docs" / "faults.md").read_text("utf-8")
TAKES = re.compile(r"\d+ (?:to \d+ )?minutes")


def test_benchmarks_take_what_their_page_says() -> None:
    told = dict(
        re.findall(r"^\| `make ([a-z-]+)` \|.*\| (\d[^|]*minutes) \|$", BENCHMARKS, re.MULTILINE)
    )
    assert len(told) > 3
    assert {name: TAKES.findall(HELP[name]) for name in told} == {
        name: [takes] for name, takes in told.items()
    }


def test_faults_take_what_their_page_says() -> None:
    (whole, _of_each_database, part) = TAKES.findall(FAULTS)[:3]
    assert TAKES.findall(HELP["faults"]) == [whole]
    assert TAKES.findall(HELP["faults-short"]) == [part]
