"""Reads our Dockerfile: the instructions of each stage, in order."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Step:
    """One instruction, e.g. `RUN` with the rest of its line."""

    instruction: str
    text: str

    def json(self) -> list[str]:
        """Return the exec form of a CMD."""
        command: list[str] = json.loads(self.text)
        return command


@dataclass
class Stage:
    name: str
    base: str
    steps: list[Step] = field(default_factory=list)

    def all(self, instruction: str) -> list[Step]:
        """Return the stage's own steps of a kind."""
        return [step for step in self.steps if step.instruction == instruction]


def read(path: Path = ROOT / "Dockerfile") -> dict[str, Stage]:
    """Return the stages by name, in order; fails at what it does not know."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text("utf-8"), flags=re.MULTILINE)
    stages: dict[str, Stage] = {}
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        instruction, _, rest = line.strip().partition(" ")
        if instruction == "FROM":
            base, word, name = rest.partition(" AS ")
            assert word, f"a stage without a name: {line}"
            stages[name] = Stage(name, base)
        elif stages and instruction:
            list(stages.values())[-1].steps.append(Step(instruction, rest.strip()))
    return stages


def lineage(stages: dict[str, Stage], name: str) -> list[Step]:
    """Return the steps of a stage with those of the stages it stands on."""
    stage = stages[name]
    below = lineage(stages, stage.base) if stage.base in stages else []
    return below + stage.steps


def copied(step: Step) -> tuple[str | None, list[str], str]:
    """Return a COPY's stage (None: the build context), its sources and its destination."""
    words = step.text.split()
    flags = dict(word.removeprefix("--").split("=", 1) for word in words if word.startswith("--"))
    *sources, destination = [word for word in words if not word.startswith("--")]
    return flags.get("from"), sources, destination
