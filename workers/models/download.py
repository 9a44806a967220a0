"""Download one file: resumed after an interruption, checked, and put in place only when whole.

`huggingface_hub` cannot replace this. The checkpoints, which are large, are on GitHub. Its
client accepts no plain mirror of the hub, only hosts that answer HEAD with the hub's own
headers. And the engine sets that client offline for the whole process.
"""

import hashlib
import shutil
from pathlib import Path

import httpx2
from rich.progress import Progress, TaskID

from workers.manifest import CorruptModel
from workers.models.errors import DownloadFailed, NoSpace

ATTEMPTS = 4
RESERVE = 256 * 1024 * 1024


def client() -> httpx2.Client:
    """Return an HTTP client that follows the hosts' redirects to their storage."""
    return httpx2.Client(follow_redirects=True, timeout=httpx2.Timeout(30.0))


def fetch(
    http: httpx2.Client, url: str, target: Path, progress: Progress, *, sha256_prefix: str = ""
) -> None:
    """Download `url` to `target`.

    With a known hash (`sha256_prefix`, hex) an interrupted download continues where it
    stopped, also in a later call. Without one it begins again, since the parts could be of two
    versions. Raises DownloadFailed, NoSpace and CorruptModel.
    """
    part = target.with_name(target.name + ".part")
    if not sha256_prefix:
        part.unlink(missing_ok=True)
    task = progress.add_task(target.name, total=None)
    for attempt in range(ATTEMPTS):
        try:
            _receive(http, url, part, progress, task)
            break
        except httpx2.TransportError as error:
            if attempt + 1 == ATTEMPTS:
                raise DownloadFailed(
                    f"{url}: {type(error).__name__}; run the command again to continue"
                ) from error
            if not sha256_prefix:
                part.unlink(missing_ok=True)
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(sha256_prefix):
        part.unlink()
        raise CorruptModel(
            f"{url} gave a file whose SHA-256 begins with {digest[:8]} instead of {sha256_prefix}; "
            "the file was deleted"
        )
    part.replace(target)


def _receive(http: httpx2.Client, url: str, part: Path, progress: Progress, task: TaskID) -> None:
    """Append the missing bytes to `part`; raises TransportError when the connection breaks."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with http.stream("GET", url, headers=headers) as response:
        if have and response.status_code == httpx2.codes.RANGE_NOT_SATISFIABLE:
            return  # nothing is missing, or the check of the hash fails
        if not response.is_success:
            raise DownloadFailed(f"{url} answered {response.status_code}")
        if response.status_code != httpx2.codes.PARTIAL_CONTENT:
            have = 0
        length = int(response.headers.get("Content-Length", 0))
        _check_space(part.parent, length)
        progress.update(task, completed=have, total=have + length or None)
        with part.open("ab" if have else "wb") as file:
            # Blocks are written as they come, since a break would lose a larger buffer.
            for block in response.iter_bytes():
                file.write(block)
                progress.advance(task, len(block))


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed + RESERVE:
        raise NoSpace(
            f"{folder} has {free // 2**20} MB free, {(needed + RESERVE) // 2**20} MB are needed"
        )
