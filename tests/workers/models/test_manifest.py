"""The manifest: what a model says of itself, and its identity."""

from pathlib import Path

import pytest

from workers.manifest import BadManifest, CorruptModel, Manifest


def test_what_is_written_is_read(models_dir: Path) -> None:
    manifest = Manifest.read(models_dir / "tiny")
    awkward = manifest.model_copy(update={"source": 'a "quoted" path\\ü\n', "licence": "Ω"})
    awkward.write(models_dir)
    assert Manifest.read(models_dir) == awkward


def test_the_identity_does_not_depend_on_order_or_comments(models_dir: Path) -> None:
    before = Manifest.read(models_dir / "tiny")
    path = models_dir / "tiny" / "model.toml"
    head, files = path.read_text().split("[files]\n")
    reordered = "\n".join(["# a comment", *reversed(head.strip().split("\n")), "[files]", files])
    path.write_text(reordered)
    assert Manifest.read(models_dir / "tiny").identity == before.identity


def test_the_identity_depends_on_every_file(models_dir: Path) -> None:
    manifest = Manifest.read(models_dir / "tiny")
    for name in manifest.files:
        other = manifest.model_copy(update={"files": {**manifest.files, name: "0" * 64}})
        assert other.identity != manifest.identity


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden"])
def test_a_file_name_cannot_leave_the_folder(models_dir: Path, name: str) -> None:
    path = models_dir / "tiny" / "model.toml"
    path.write_text(path.read_text() + f'"{name}" = "{"0" * 64}"\n')
    with pytest.raises(BadManifest, match="files"):
        Manifest.read(models_dir / "tiny")


def test_no_manifest(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match="cannot be read"):
        Manifest.read(tmp_path)


def test_a_changed_file_is_found(models_dir: Path) -> None:
    manifest = Manifest.read(models_dir / "tiny")
    manifest.verify(models_dir / "tiny")
    with (models_dir / "tiny" / "config.json").open("a") as file:
        file.write(" ")
    with pytest.raises(CorruptModel, match=r"config\.json"):
        manifest.verify(models_dir / "tiny")


def test_a_missing_file_is_found(models_dir: Path) -> None:
    manifest = Manifest.read(models_dir / "tiny")
    (models_dir / "tiny" / "tokenizer.json").unlink()
    with pytest.raises(CorruptModel, match="missing"):
        manifest.verify(models_dir / "tiny")
