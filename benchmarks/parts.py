"""What the benchmarks of several parts have in common."""

import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import quantiles

import structlog


def print_parts(parts: Mapping[str, Callable[[], None]]) -> None:
    """Print all parts as Markdown, or those that the command names."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}\n")
    for name in sys.argv[1:] or parts:
        parts[name]()
        print()


def spread(milliseconds: Sequence[float]) -> str:
    """Return median and 99th percentile in words."""
    cuts = quantiles(milliseconds, n=100)
    return f"p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms"


def row(what: str, *figures: str) -> None:
    """Print a row of a table of two columns."""
    print(f"| {what} | {'; '.join(figures)} |", flush=True)
