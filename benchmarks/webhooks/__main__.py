"""Webhooks: `python -m benchmarks.webhooks [throughput|outage]`."""

import logging
import os
import sys

import structlog

from benchmarks.webhooks import outage, throughput

PARTS = {"throughput": throughput.report, "outage": outage.report}


def main() -> None:
    """Print everything, or one part, as Markdown."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}\n")
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print()


if __name__ == "__main__":
    main()
