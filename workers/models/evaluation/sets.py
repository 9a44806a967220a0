"""The test sets. No model may be trained, tuned or calibrated on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from workers.models.evaluation import reading

OWN = Path(__file__).parent / "data"


@dataclass(frozen=True)
class TestSet:
    """Texts labelled as toxic (1) or not (0); ``groups`` holds the functions of HateCheck."""

    name: str
    language: str
    texts: list[str]
    labels: list[int]
    groups: list[str] | None = None

    __test__ = False  # keeps pytest from collecting it


def _test_set(name: str, language: str, rows: list[tuple[str, int]]) -> TestSet:
    texts, labels = zip(*rows, strict=True)
    return TestSet(name, language, list(texts), list(labels))


def germeval(root: Path) -> TestSet:
    """Return German tweets with the coarse labels of GermEval 2018."""
    rows = [(text, int(fine != "OTHER")) for text, fine in reading.germeval(root, "test")]
    return _test_set("GermEval 2018", "de", rows)


def gahd(root: Path) -> TestSet:
    """Return German adversarial hate speech; texts with label 0 may be personal insults."""
    rows = [(row["text"], int(row["label"])) for row in reading.gahd(root, "test")]
    return _test_set("GAHD", "de", rows)


def gahd_news(root: Path) -> TestSet:
    """Return the German news sentences of GAHD's test split, all harmless."""
    rows = [
        (row["text"], 0)
        for row in reading.gahd(root, "test")
        if row["round"] == "R3" and row["label"] == "0"
    ]
    return _test_set("GAHD news sentences", "de", rows)


def civil_de(root: Path) -> TestSet:
    """Return German news comments written for this test: polite, long, angry, all harmless."""
    del root
    rows = [(str(row["text"]), 0) for row in reading.jsonl(OWN / "civil_de.jsonl")]
    return _test_set("Civil comments (German, own)", "de", rows)


def wikipedia(root: Path) -> TestSet:
    """Return comments of English Wikipedia talk pages."""
    rows = [
        (row["comment"], int(row["toxic"] == "True"))
        for row in reading.csv_rows(root, "wikipedia_comments_en/wikipedia_nonfuzzed_testset.csv")
    ]
    return _test_set("Wikipedia talk", "en", rows)


def hatecheck(root: Path) -> TestSet:
    """Return HateCheck: English functional tests of hate speech detection."""
    rows = list(reading.csv_rows(root, "hatecheck_en/test_suite_cases.csv"))
    return TestSet(
        "HateCheck",
        "en",
        [row["test_case"] for row in rows],
        [int(row["label_gold"] == "hateful") for row in rows],
        [row["functionality"] for row in rows],
    )


LOADERS = (germeval, gahd, gahd_news, civil_de, wikipedia, hatecheck)


def load(root: Path) -> list[TestSet]:
    """Return all test sets of whole texts."""
    return [loader(root) for loader in LOADERS]


def texts_of_all_sets(root: Path) -> Iterator[str]:
    """Give all texts that must not be trained on, including those of the span test."""
    for test_set in load(root):
        yield from test_set.texts
    for part in ("trial", "test"):
        for text, _ in reading.toxic_spans(root, part):
            yield text
