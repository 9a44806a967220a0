"""`netiquette eval` over the smallest test sets that have its layout."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workers.models.evaluation.card import BEGIN, END

FILES = {
    "germeval2018/test.tsv": "Guten Tag\tOTHER\tOTHER\nDu Depp\tOFFENSE\tINSULT\n",
    "gahd/gahd.csv": "gahd_id,text,label,round,split,contrastive_gahd_id\n"
    "1,Der Zug hält hier.,0,R3,test,\n2,Die sollen alle weg.,1,R1,test,\n",
    "wikipedia_comments_en/wikipedia_nonfuzzed_testset.csv": "rev_id,comment,toxic\n"
    "1,Thank you.,False\n2,You idiot.,True\n",
    "hatecheck_en/test_suite_cases.csv": ",functionality,case_id,test_case,label_gold\n"
    "0,slur_h,1,I hate you.,hateful\n1,ident_neutral_nh,2,We are many.,non-hateful\n",
    "civil_toxic_spans_en/tsd_test.csv": 'spans,text\n"[4, 5, 6, 7, 8]",You idiot.\n',
}

HASHES = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in FILES.items()}

COMMAND = f"""
from service.cli import main
from workers.models.evaluation import reading
reading.CHECKSUMS = {HASHES!r}
main()
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a folder of test sets."""
    for name, text in FILES.items():
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    return tmp_path / "data"


def run(models_dir: Path, data: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the command on a tiny model; return exit code, output and error output."""
    environment = os.environ | {
        "NETIQUETTE_DATA": str(data),
        "NETIQUETTE_MODELS_DIR": str(models_dir),
        "NETIQUETTE_MODEL": "tiny",
        "NETIQUETTE_DATABASE_URL": f"sqlite:///{models_dir / 'none.db'}",
    }
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "eval", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_all_figures_are_printed_and_written_into_the_card(
    models_dir: Path, data: Path, tmp_path: Path
) -> None:
    card = tmp_path / "card.md"
    card.write_text(f"# Tiny\n{BEGIN}\n{END}\n", "utf-8")
    code, output, _ = run(models_dir, data, "--card", str(card))
    assert code == 0
    assert "As served: `onnx-" in output
    for name in ("GermEval 2018 (de) | tiny | 2 (1)", "Wikipedia talk (en) | tiny | 2 (1)"):
        assert name in output
    assert "Civil comments (German, own) (de) | tiny | 100 (0)" in output
    assert "character F1" in output
    assert "| slur_h | 1 |" in output
    assert card.read_text("utf-8") == f"# Tiny\n{BEGIN}\n{output.strip()}\n{END}\n"


def test_other_data_than_the_recorded_are_refused(models_dir: Path, data: Path) -> None:
    (data / "germeval2018" / "test.tsv").write_text("Neu\tOTHER\tOTHER\n", "utf-8")
    code, _, output = run(models_dir, data)
    assert code == 1
    assert "germeval2018/test.tsv" in output
    assert "Traceback" not in output


def test_a_card_without_a_place_is_told(models_dir: Path, data: Path, tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text("# Tiny", "utf-8")
    code, _, output = run(models_dir, data, "--card", str(card))
    assert code == 1
    assert "needs a line" in output
