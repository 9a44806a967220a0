"""Reading metrics in tests, which share one process and its numbers; and the documentation."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from service.telemetry.metrics import REGISTRY

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "telemetry.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading."""
    section = DOCS.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines]


class Change:
    """By how much a sample has changed since this was made."""

    def __init__(self, name: str, registry: CollectorRegistry = REGISTRY) -> None:
        self._name, self._registry = name, registry
        self._before = self._read()

    def __call__(self, **labels: str) -> float:
        key = frozenset(labels.items())
        return self._read().get(key, 0.0) - self._before.get(key, 0.0)

    def _read(self) -> dict[frozenset[tuple[str, str]], float]:
        return {
            frozenset(sample.labels.items()): sample.value
            for family in self._registry.collect()
            for sample in family.samples
            if sample.name == self._name
        }
