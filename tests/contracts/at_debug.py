"""Runs a program of ours with every logger at debug: `at_debug.py FILE|-m MODULE ARGUMENT…`.

There is no such setting; who debugs in place does the same by hand.
"""

import logging
import runpy
import sys
from typing import Any

basic_config = logging.basicConfig


def at_debug(**more: Any) -> None:
    basic_config(**more | {"level": logging.DEBUG})


logging.basicConfig = at_debug
sys.argv.pop(0)
if sys.argv[0] == "-m":
    sys.argv.pop(0)
    runpy.run_module(sys.argv[0], run_name="__main__")
else:
    runpy.run_path(sys.argv[0], run_name="__main__")
