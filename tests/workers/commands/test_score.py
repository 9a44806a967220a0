"""`netiquette score` as people pipe things through it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def run(
    models_dir: Path, *arguments: str, given: str = "", model: str = "tiny"
) -> tuple[int, list[dict[str, Any]], str]:
    """Run the command; return its exit code, the lines of its output and its error output."""
    environment = os.environ | {
        "NETIQUETTE_MODELS_DIR": str(models_dir),
        "NETIQUETTE_MODEL": model,
        "NETIQUETTE_DATABASE_URL": f"sqlite:///{models_dir / 'none.db'}",
    }
    done = subprocess.run(
        [sys.executable, "-m", "service", "score", *arguments],
        input=given.encode(),
        env=environment,
        capture_output=True,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return done.returncode, lines, done.stderr.decode()


def test_lines_of_text_from_standard_input(models_dir: Path) -> None:
    code, lines, errors = run(models_dir, given="Erste Zeile, schön.\n\nDritte Zeile: 😀\n")
    assert code == 0, errors
    assert [line["body"] for line in lines] == ["Erste Zeile, schön.", "", "Dritte Zeile: 😀"]
    assert all(0 <= line["scores"]["toxicity"] <= 1 for line in lines)
    assert all(len(line["model"]) == 64 and line["language"] for line in lines)


def test_csv_keeps_its_other_fields(models_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "comments.csv"
    path.write_text('\ufeffid,text\n7,"Zwei\nZeilen, ein Feld"\n8,Kurz\n', "utf-8")
    code, lines, errors = run(models_dir, str(path), "--column", "text")
    assert code == 0, errors
    assert [(line["id"], line["text"]) for line in lines] == [
        ("7", "Zwei\nZeilen, ein Feld"),
        ("8", "Kurz"),
    ]


def test_json_lines_go_on_where_they_stopped(models_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "comments.jsonl"
    path.write_text("".join(json.dumps({"n": n, "body": f"Text {n}"}) + "\n" for n in range(5)))
    code, lines, errors = run(models_dir, str(path), "--skip", "3")
    assert code == 0, errors
    assert [line["n"] for line in lines] == [3, 4]


def test_what_is_not_unicode_gets_an_error_of_its_own(models_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "comments.jsonl"
    path.write_text('{"id": 1, "body": "halb \\ud83d"}\n{"id": 2, "body": "ganz"}\n')
    code, lines, errors = run(models_dir, str(path))
    assert code == 0, errors
    assert lines[0]["error"].startswith("UnscorableText")
    assert "scores" in lines[1]


def test_a_record_that_cannot_be_read_is_named(models_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "comments.jsonl"
    path.write_text('{"body": "gut"}\n{"text": "anderes Feld"}\n')
    code, lines, errors = run(models_dir, str(path))
    assert (code, len(lines)) == (1, 1)
    assert "record 2 has no text in 'body'" in errors


def test_an_unknown_model_is_told_in_a_line(models_dir: Path) -> None:
    code, lines, errors = run(models_dir, model="nothing", given="Hallo\n")
    assert (code, lines) == (1, [])
    assert "UnknownModel" in errors
    assert "Traceback" not in errors
