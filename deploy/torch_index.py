"""Choose where pip takes torch from, so that nobody fetches gigabytes without asking for them.

    python torch_index.py torch==2.13.0 https://download.pytorch.org/whl/cpu

The second argument is PyTorch's index of builds for CPUs: about 200 MB, where PyPI's build for
Linux brings CUDA along. Prints pip's options for that index. Prints nothing, and gives the reason
on standard error, where pip had better take its own index. Runs on the standard library alone.
"""

import re
import subprocess
import sys
import urllib.request
from http.client import HTTPException
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.parse import unquote

MAX_SECONDS = 8.0
"""The longest wait for the index, the look-up of its name included. pip itself would try again
and again, for minutes."""

GPU_DEVICE = Path("/dev/nvidia0")

ASK_FOR = "To choose another index: make TORCH_INDEX=URL."


def main(requirement: str, index: str) -> None:
    """Print pip's options for the requirement, `torch==` and a version; none for its own index."""
    if sys.platform != "linux":
        return  # PyPI's builds for other systems have no CUDA
    reason = reason_against(requirement.removeprefix("torch=="), index)
    if reason:
        sys.stderr.write(f"{reason} {ASK_FOR}\n")
    else:
        sys.stdout.write(f"--index-url {index}\n")


def reason_against(version: str, index: str) -> str | None:
    """Return why torch should come from pip's own index, or None."""
    if has_gpu():
        return "This machine has an NVIDIA GPU, so torch comes with CUDA, several gigabytes."
    python = "{}.{}".format(*sys.version_info)
    tag = "cp{}{}".format(*sys.version_info)
    # The names of wheels are torch-2.13.0+cpu-cp313-cp313-manylinux_2_28_x86_64.whl and the like.
    wheel = rf"\btorch-{re.escape(version)}(\+\w+)?-{tag}-{tag}-"
    if re.search(wheel, unquote(answer_of(f"{index}/torch/"))):
        return None
    return (
        f"{index} cannot be reached, or lacks torch {version} for Python {python}, so torch comes "
        "from pip's own index. From PyPI that is the build with CUDA, several gigabytes."
    )


def has_gpu() -> bool:
    """Return whether the driver of an NVIDIA GPU is loaded."""
    if GPU_DEVICE.exists():
        return True
    try:  # under WSL there is no such device
        listed = subprocess.run(
            ["nvidia-smi", "-L"], check=False, capture_output=True, timeout=MAX_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return b"GPU 0" in listed.stdout


def answer_of(url: str) -> str:
    """Return what the URL answers with, and nothing where it fails or takes too long."""
    answers: list[str] = []
    # A look-up of a name cannot be given a limit, so it is left behind in a thread.
    thread = Thread(target=lambda: answers.append(_get(url)), daemon=True)
    thread.start()
    thread.join(MAX_SECONDS)
    return "".join(answers)


def _get(url: str) -> str:
    # Some hosts refuse what urllib calls itself.
    request = urllib.request.Request(url, headers={"User-Agent": "netiquette"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=MAX_SECONDS) as response:  # noqa: S310
            body: bytes = response.read()
    except HTTPError as error:
        error.close()  # it is the answer, too
        return ""
    except (OSError, HTTPException):
        return ""
    return body.decode("utf-8", "replace")


if __name__ == "__main__":
    main(*sys.argv[1:])
