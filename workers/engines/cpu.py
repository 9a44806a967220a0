"""Read which instruction sets this CPU has, since they decide which kernels compute a score."""

import platform
from pathlib import Path

_RELEVANT = {
    "avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8",
    "asimd", "asimddp", "i8mm", "sve",
}  # fmt: skip


def instruction_set() -> str:
    """Return the machine type and its relevant features, such as `x86_64 avx2 fma`.

    Only Linux names the features. Elsewhere this returns the machine type alone.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    features: set[str] = set()
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() in {"flags", "Features"}:
            features = set(value.split()) & _RELEVANT
            break
    return " ".join([platform.machine(), *sorted(features)])
