"""What the benchmarks of several parts have in common."""

import logging
import os
import sys
from collections.abc import Callable, Mapping

import structlog


def print_parts(parts: Mapping[str, Callable[[], None]]) -> None:
    """Print all parts as Markdown, or those that the command names."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}\n")
    for name in sys.argv[1:] or parts:
        parts[name]()
        print()
