"""Files that appear whole and checked, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class BackupRefused(Exception):
    """A backup cannot be made or put back; nothing was changed, and the text says why."""


@contextmanager
def new_file(file: Path) -> Iterator[Path]:
    """Give an empty draft beside `file`, for its owner only, that becomes `file` in the end.

    Raises BackupRefused when there is such a file already, then or in the end.
    """
    if file.exists():
        raise BackupRefused(f"{file} is there already, and stays. Name another file.")
    with draft_of(file) as draft:
        yield draft
        try:
            # Unlike a rename, a link never replaces what came in the meantime.
            file.hardlink_to(draft)
        except FileExistsError:
            raise BackupRefused(f"{file} has appeared meanwhile, and stays.") from None
        draft.unlink()
        flush(file.parent)


@contextmanager
def draft_of(file: Path) -> Iterator[Path]:
    """Give an empty file beside `file`, for its owner only; whatever is left of it is removed.

    Raises BackupRefused where it cannot be made.
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
    """Have a file or a folder's entries on the disk, so that a power cut does not take them."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
