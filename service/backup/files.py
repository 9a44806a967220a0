"""Write files that appear whole, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BackupRefused(Exception):
    """A backup cannot be made or restored. Nothing was changed; the message says why."""


@contextmanager
def new_file(file: Path) -> Iterator[Path]:
    """Give an empty draft that becomes `file` at the end of the block; only its owner may read it.

    An existing file is never overwritten: BackupRefused is raised where `file` exists at the
    beginning, or by the end.
    """
    if file.exists():
        raise BackupRefused(f"{file} exists already, and was not changed. Name another file.")
    with draft_of(file) as draft:
        yield draft
        try:
            # Unlike a rename, a hard link never replaces a file that appeared meanwhile.
            file.hardlink_to(draft)
        except FileExistsError:
            raise BackupRefused(f"{file} appeared meanwhile. Name another file.") from None
        draft.unlink()
        flush(file.parent)


@contextmanager
def draft_of(file: Path) -> Iterator[Path]:
    """Give an empty draft beside `file`, and remove it at the end; only its owner may read it.

    Raises BackupRefused where the draft cannot be made.
    """
    draft = file.with_name(f".{file.name}.draft")
    try:
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise BackupRefused(f"{file} cannot be written: {error.strerror}.") from error
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Write a file, or a folder's entries, to the disk, so that they survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
