"""The training sets as examples, each label set mapped to the attributes that it carries.

Sets, licences and traps are described in ``INDEX.md`` of the data folder. Test sets are never read
here except to remove their texts (``deduplicate``).
"""

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from workers.models.evaluation import reading
from workers.models.training import templates
from workers.models.training.examples import HARMLESS, Example, Labels, ranges

OWN = Path(__file__).parent / "data"
_SENTENCE = re.compile(r"\S.*?(?:[.!?…]+[\"')\]]*(?=\s)|\n|$)", re.DOTALL)

GERMEVAL_LABELS: dict[str, Labels] = {
    "OTHER": HARMLESS,
    "ABUSE": {"toxicity": 1.0, "identity_attack": 1.0},
    "INSULT": {"toxicity": 1.0, "insult": 1.0, "identity_attack": 0.0},
    "PROFANITY": {"toxicity": 1.0, "obscene": 1.0, "identity_attack": 0.0, "threat": 0.0},
}
DAVIDSON_LABELS: dict[str, Labels] = {
    "0": {"toxicity": 1.0, "identity_attack": 1.0},
    "1": {"toxicity": 1.0, "threat": 0.0},
    "2": HARMLESS,
}
HATE: Labels = {"toxicity": 1.0, "identity_attack": 1.0}
GAHD_RELABELLED: dict[str, Labels] = {
    "insult": {"toxicity": 1.0, "insult": 1.0, "identity_attack": 0.0, "threat": 0.0},
    "threat": {"toxicity": 1.0, "threat": 1.0, "identity_attack": 0.0},
    "toxic": {"toxicity": 1.0},
    "unclear": {},
}


def germeval(root: Path) -> Iterator[Example]:
    """German tweets (CC BY 4.0)."""
    for text, fine in reading.germeval(root, "train"):
        yield Example(text, GERMEVAL_LABELS[fine], "de", "germeval")


def gahd(root: Path, split: str) -> Iterator[Example]:
    """German adversarial hate speech and news sentences (CC BY 4.0).

    Its label 0 means "no hate against a group" and holds plain insults, threats and borderline
    texts; those of train and dev were relabelled by hand in ``gahd_relabelled.csv``. The
    ``unclear`` ones are left out.
    """
    with (OWN / "gahd_relabelled.csv").open(encoding="utf-8", newline="") as file:
        relabelled = {row["gahd_id"]: row["kind"] for row in csv.DictReader(file)}
    for row in reading.gahd(root, split):
        source = "gahd_news" if row["round"] == "R3" and row["label"] == "0" else "gahd"
        labels = HATE if row["label"] == "1" else HARMLESS
        if row["gahd_id"] in relabelled:
            labels = GAHD_RELABELLED[relabelled[row["gahd_id"]]]
        if labels:
            yield Example(row["text"], labels, "de", source)


def implicit(root: Path) -> Iterator[Example]:
    """German sentences about identity groups, implicit abuse (CC BY 4.0)."""
    path = reading.checked(root / "implicit_identity_de/sentences.german.tsv", root)
    for line in path.read_text("utf-8").strip("\n").split("\n")[1:]:
        text, label = line.split("\t")[:2]
        yield Example(text, HATE if label == "ABUSE" else HARMLESS, "de", "implicit")


def davidson(root: Path) -> Iterator[Example]:
    """English tweets (MIT); only what every annotator agreed on, since class 1 is biased."""
    for row in reading.csv_rows(root, "davidson_en/labeled_data.csv"):
        votes = (row["hate_speech"], row["offensive_language"], row["neither"])
        if row["class"] == "0" or votes[int(row["class"])] == row["count"]:
            yield Example(row["tweet"], DAVIDSON_LABELS[row["class"]], "en", "davidson")


def surge(root: Path) -> Iterator[Example]:
    """English social media (MIT)."""
    for row in reading.csv_rows(root, "surge_toxicity_en/toxicity_en.csv"):
        toxic = row["is_toxic"] == "Toxic"
        yield Example(row["text"], {"toxicity": 1.0} if toxic else HARMLESS, "en", "surge")


def wikipedia_talk(root: Path) -> Iterator[Example]:
    """English Wikipedia talk, nearly all harmless (Apache-2.0)."""
    for name, column in (("cat_large_gn.csv", "label"), ("cat_small.csv", "label_oc")):
        for row in reading.csv_rows(root, f"wiki_context_toxicity_en/{name}"):
            toxic = float(row[column]) >= 0.5
            yield Example(row["text"], {"toxicity": 1.0} if toxic else HARMLESS, "en", "wiki")


def civil_sentences(root: Path) -> Iterator[Example]:
    """Sentences of English news comments (CC0) with or without a toxic span.

    Every comment of this set is toxic; taken whole they would teach that news style is toxic.
    """
    for text, offsets in reading.toxic_spans(root, "train"):
        if not offsets:
            continue
        for match in _SENTENCE.finditer(text):
            start, end = match.span()
            inside = {offset - start for offset in offsets if start <= offset < end}
            if end - start < 12:
                continue
            labels: Labels = {"toxicity": 1.0} if inside else HARMLESS
            source = "civil_toxic" if inside else "civil_harmless"
            yield Example(text[start:end], labels, "en", source, ranges(inside))


def civil_whole(root: Path) -> Iterator[Example]:
    """Yield the same comments whole, for the spans alone: nothing is said about the text."""
    for text, offsets in reading.toxic_spans(root, "train"):
        yield Example(text, {}, "en", "civil_whole", ranges(offsets))


def own(root: Path) -> Iterator[Example]:
    """Our own comments, written by hand, every attribute labelled: hard negatives and positives."""
    del root
    for path in sorted(OWN.glob("*.jsonl")):
        for row in reading.jsonl(path):
            labels = {**HARMLESS, **dict.fromkeys(row["labels"], 1.0)}
            yield Example(row["text"], labels, row.get("language", "de"), f"own_{path.stem}")


TRAINING: tuple[Callable[[Path], Iterator[Example]], ...] = (
    germeval,
    lambda root: gahd(root, "train"),
    implicit,
    davidson,
    surge,
    wikipedia_talk,
    civil_sentences,
    civil_whole,
    own,
    lambda _: templates.examples(),
)
