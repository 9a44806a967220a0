"""The state folder `var/`: its permissions, its lock, and the check that it can be used."""

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from service.embedded.console import StartRefused, say
from service.folders import DATABASE, LEAST_FREE
from service.settings import Settings

LOCK = "up.lock"
LOG = "log"
SECRET_KEY = "secret.key"  # noqa: S105 - the name of a file
WAIT_FOR_GUARDIAN = 10.0


def prepare(var: Path) -> None:
    """Make the folder for its owner only.

    Raises StartRefused where it cannot be written, or the disk is nearly full.
    """
    try:
        (var / LOG).mkdir(parents=True, exist_ok=True)
        var.chmod(0o700)
        for file in var.glob(f"{DATABASE}*"):
            file.chmod(0o600)
        with tempfile.TemporaryFile(dir=var) as probe:
            probe.write(b"netiquette")
        free = shutil.disk_usage(var).free
    except OSError as error:
        raise StartRefused(
            f"{var} cannot be used: {error.strerror}. It must be a folder that you may write to; "
            "NETIQUETTE_VAR_DIR names another one."
        ) from error
    if free < LEAST_FREE:
        raise StartRefused(
            f"The disk is full: {free // 2**20} MB are left for {var}, "
            f"{LEAST_FREE // 2**20} MB are needed. Make room and start again."
        )


def secret_key(var: Path) -> str:
    """Return the key that encrypts webhooks' and Coral's secrets; make it on the first start."""
    file = var / SECRET_KEY
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32))
    return file.read_text("ascii")


def installation_key(config: Settings) -> SecretStr | None:
    """Return the secret key of the settings, or else the one that `netiquette up` has made.

    The latter is for the database in the same folder only.
    """
    made = config.is_embedded and (config.var_dir / SECRET_KEY).exists()
    if config.secret_key is None and made:
        return SecretStr(secret_key(config.var_dir))
    return config.secret_key


def write_private(path: Path, content: str) -> None:
    """Replace the file atomically, readable by its owner only, and flushed to the disk."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor has no path
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def locked(var: Path, url: str) -> Iterator[int]:
    """Hold the folder's lock and give its descriptor.

    The lock is on the open descriptor, not the file's existence: it ends with the last process
    that has the descriptor, so a file that a crash left behind does no harm. Raises
    StartRefused while another Netiquette uses the folder.
    """
    descriptor = os.open(var / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, var)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {url}".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, var: Path) -> None:
    if _try(descriptor):
        return
    owner, _, url = os.pread(descriptor, 200, 0).decode(errors="replace").partition(" ")
    if _is_alive(owner):
        raise StartRefused(
            f"Netiquette is running already with {var}: process {owner}, {url}. End that one "
            "first, or start another one with its own NETIQUETTE_VAR_DIR and PORT."
        )
    say("Waiting for the end of an earlier run …")
    deadline = time.monotonic() + WAIT_FOR_GUARDIAN
    while time.monotonic() < deadline:
        time.sleep(0.1)
        if _try(descriptor):
            return
    raise StartRefused(f"Processes of an earlier run still use {var}. End them, then start again.")


def is_locked(var: Path) -> bool:
    """Tell whether a `netiquette up` runs on the folder; makes nothing."""
    try:
        descriptor = os.open(var / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
