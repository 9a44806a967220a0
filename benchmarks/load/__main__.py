"""What is accepted and decided, and how fast: `python -m benchmarks.load [accepting|deciding]`."""

import os
import sys

from benchmarks.load import accepting, deciding

PARTS = {"accepting": accepting.report, "deciding": deciding.report}


def main() -> None:
    """Print everything, or one part, as Markdown."""
    print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}\n")
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print()


if __name__ == "__main__":
    main()
