"""`make bench`: what is accepted and decided, and how fast."""

import os
import platform

from benchmarks.load import accepting


def main() -> None:
    """Print everything as Markdown."""
    print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}, {platform.machine()}")
    accepting.report()


if __name__ == "__main__":
    main()
