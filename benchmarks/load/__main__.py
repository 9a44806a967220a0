"""How fast is what: `python -m benchmarks.load [accepting|deciding|analyzing]`."""

from benchmarks.load import accepting, analyzing, deciding
from benchmarks.parts import print_parts

if __name__ == "__main__":
    print_parts(
        {"accepting": accepting.report, "deciding": deciding.report, "analyzing": analyzing.report}
    )
