"""What is accepted and decided, and how fast: `python -m benchmarks.load [accepting|deciding]`."""

from benchmarks.load import accepting, deciding
from benchmarks.parts import print_parts

if __name__ == "__main__":
    print_parts({"accepting": accepting.report, "deciding": deciding.report})
