"""Turn what a program prints into JSON lines: `json_lines.py NAME`, from stdin to stdout.

Valkey writes no JSON, and a model's build writes for people. It runs by its path and isolated,
as the guardian does, so that it takes a few megabytes: this module imports only the standard
library. It ends with its input, so that nothing of a program's last words is lost.
"""

import json
import re
import signal
import sys
from datetime import UTC, datetime

VALKEY = re.compile(r"\d+:[A-Z] .{20,40}? ([.*#-]) (.+)")
"""Valkey's own form: pid and role, the local time, a mark for the level, the message."""

LEVELS = {".": "debug", "-": "info", "*": "info", "#": "warning"}


def as_json(line: str, name: str, at: datetime) -> str:
    """Return the line as a JSON object; one that is a JSON object already stays as it is."""
    try:
        if isinstance(json.loads(line), dict):
            return line
    except ValueError:
        pass
    level, event = "info", line
    if found := VALKEY.fullmatch(line):
        level, event = LEVELS[found[1]], found[2]
    told = {"event": event, "logger": name, "level": level, "timestamp": at.isoformat()}
    return json.dumps(told, ensure_ascii=False)


def main(name: str) -> None:
    """Write each line that is not blank, until the input ends."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]  # a file
    for line in map(str.strip, sys.stdin):
        if line:
            try:
                # One write per line, since the log may be emptied in between.
                sys.stdout.buffer.write(as_json(line, name, datetime.now(UTC)).encode() + b"\n")
                sys.stdout.buffer.flush()
            except OSError:
                continue  # a full disk must not stop the program that prints


if __name__ == "__main__":
    main(sys.argv[1])
