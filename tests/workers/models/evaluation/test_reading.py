import hashlib
from pathlib import Path

import pytest

from workers.models.evaluation import reading, sets


def put(root: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    monkeypatch.setitem(reading.CHECKSUMS, name, hashlib.sha256(path.read_bytes()).hexdigest())


def test_germeval_keeps_quotes_and_breaks_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = 'Er sagt "nein\tOTHER\tOTHER\nA|LBR|B\tOFFENSE\tINSULT\n'
    put(tmp_path, monkeypatch, "germeval2018/test.tsv", rows)
    assert list(reading.germeval(tmp_path, "test")) == [
        ('Er sagt "nein', "OTHER"),
        ("A\nB", "INSULT"),
    ]
    assert sets.germeval(tmp_path).labels == [0, 1]


def test_gahd_news_are_the_harmless_ones_of_round_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "gahd_id,text,label,round,split,contrastive_gahd_id\n"
    rows += "1,Nachricht,0,R3,test,\n2,Hass,1,R3,test,\n3,Neutral,0,R1,test,\n4,x,0,R3,train,\n"
    put(tmp_path, monkeypatch, "gahd/gahd.csv", rows)
    assert sets.gahd_news(tmp_path).texts == ["Nachricht"]
    assert sets.gahd(tmp_path).labels == [0, 1, 0]


def test_a_changed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, monkeypatch, "gahd/gahd.csv", "gahd_id,text\n")
    (tmp_path / "gahd/gahd.csv").write_text("gahd_id,text\n1,neu\n", "utf-8")
    with pytest.raises(reading.UnexpectedDataError, match=r"gahd/gahd\.csv"):
        list(reading.gahd(tmp_path, "test"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(reading.UnexpectedDataError, match="missing"):
        list(reading.germeval(tmp_path, "train"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("@a Das ist's!", "das ist s"),
        ("A|LBR|B https://x.de/y", "a b"),
        ("ＦＵＬＬ width", "full width"),
    ],
)
def test_the_same_text_in_another_dress(one: str, other: str) -> None:
    assert reading.normalised(one) == reading.normalised(other)


def test_the_civil_comments_are_a_hundred_long_ones(tmp_path: Path) -> None:
    civil = sets.civil_de(tmp_path)
    assert len(set(civil.texts)) == 100
    assert set(civil.labels) == {0}
    assert min(len(text) for text in civil.texts) > 200
