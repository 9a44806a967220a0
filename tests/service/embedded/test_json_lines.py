import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.embedded.child import Child, Spec
from service.embedded.guardian import Guardian
from service.embedded.json_lines import as_json
from service.embedded.supervisor import Supervisor
from service.embedded.valkey import Broker

AT = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "level", "event"),
    [
        ("71:M 29 Nov 2026 15:00:00.123 * Ready to accept", "info", "Ready to accept"),
        ("71:M 29 Nov 2026 15:00:00.123 # WARNING: memory", "warning", "WARNING: memory"),
        ("tiny [  3 s] exporting …", "info", "tiny [  3 s] exporting …"),
        ("[1, 2]", "info", "[1, 2]"),
    ],
)
def test_a_line_becomes_a_record(line: str, level: str, event: str) -> None:
    told = json.loads(as_json(line, "valkey", AT))
    assert told == {
        "event": event,
        "logger": "valkey",
        "level": level,
        "timestamp": "2026-11-29T00:00:00+00:00",
    }


def test_json_stays_as_it_is() -> None:
    assert as_json('{"event":  "x"}', "api", AT) == '{"event":  "x"}'


@given(st.text())
def test_whatever_is_printed_is_an_object_on_one_line(line: str) -> None:
    told = as_json(line, "x", AT)
    assert isinstance(json.loads(told), dict)
    assert "\n" not in told.removeprefix(line)


def test_the_last_words_of_a_child_are_in_its_log(script: Callable[..., Spec]) -> None:
    spec = script("job", "import os; os.write(2, b'eins\\n' * 5000 + b'\\xff zwei'); os._exit(3)")
    guardian = Guardian()
    child = Child(replace(spec, plain=True), guardian)
    try:
        child.start()
        while (code := child.died()) is None:
            pass
        assert code == 3
        assert child.heard()[-1] == "\ufffd zwei"
        lines = spec.log.read_text("utf-8").splitlines()
    finally:
        guardian.close()
    assert len(lines) == 5001
    assert {json.loads(line)["logger"] for line in lines} == {"job"}


def test_valkey_logs_json(supervisor: Supervisor, tmp_path: Path) -> None:
    broker = Broker.choose()
    spec = broker.spec(tmp_path)
    supervisor.start(spec)
    supervisor.wait_for(broker.answers)
    supervisor.stop()
    told = [json.loads(line) for line in spec.log.read_text("utf-8").splitlines()]
    assert len(told) > 3
    assert any("Ready to accept connections" in line["event"] for line in told)
