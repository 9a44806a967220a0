"""One process of the tree: the real command, on a clock that tests step.

`process.py worker score` runs the real scoring worker on an engine that tests tell to
fail; every other command line is that of `netiquette`.
"""

import os
import sys
from pathlib import Path

CHILDREN = 2


def main() -> int:
    """Run the command."""
    from tests.faults import steps

    steps.install(steps.Offset(Path(os.environ["FAULTS_CLOCK"])))
    if os.environ.get("FAULTS_ENGINE") != "bundled":
        if sys.argv[1:] == ["models", "build"]:
            return 0
        if sys.argv[1:] == ["worker", "score"]:
            return _score()
    from service.cli import main as netiquette

    netiquette()
    return 0


def _score() -> int:
    from service.settings import settings
    from service.telemetry import configure_logging
    from tests.faults.engine import load
    from tests.support.fake_worker import be_impatient
    from workers.processes import run_scoring

    configure_logging()
    be_impatient()
    return run_scoring(settings(), load, CHILDREN)


if __name__ == "__main__":
    sys.exit(main())
