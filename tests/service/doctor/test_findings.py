from datetime import timedelta
from pathlib import Path

import pytest

from service.doctor import findings
from service.doctor.findings import Finding
from service.folders import LEAST_FREE

VAR = Path("/srv/var")


@pytest.mark.parametrize(
    ("finding", "ok", "told"),
    [
        (findings.folder(VAR, None, writable=False), True, "not made yet"),
        (findings.folder(VAR, 0o40700, writable=True), True, "/srv/var"),
        (findings.folder(VAR, 0o40700, writable=False), False, "as the user who owns it"),
        (findings.folder(VAR, 0o40750, writable=True), False, "chmod 700 '/srv/var'"),
        (findings.schema("0002", "0002", known=True), True, "0002"),
        (findings.schema(None, "0002", known=True), False, "netiquette migrate"),
        (findings.schema("0001", "0002", known=True), False, "netiquette migrate"),
        (findings.schema("0009", "0002", known=False), False, "newer Netiquette"),
        (findings.secret_key(0, given=False, readable=False), True, "NETIQUETTE_SECRET_KEY"),
        (findings.secret_key(2, given=False, readable=False), False, "2 secrets"),
        (findings.secret_key(2, given=True, readable=False), False, "rotate"),
        (findings.secret_key(2, given=True, readable=True), True, "decrypts 2"),
        (findings.scoring(timedelta(seconds=5), silent=False), True, "a worker is there"),
        (findings.scoring(timedelta(seconds=90), silent=True), False, "for 90 s"),
        (findings.scoring(None, silent=True), False, "netiquette worker score"),
        (findings.disk(VAR, LEAST_FREE), True, "100 MiB free"),
        (findings.disk(VAR, LEAST_FREE - 1), False, "Make room"),
        (findings.clock("it", timedelta(seconds=-5)), True, "agrees"),
        (findings.clock("it", timedelta(seconds=6)), False, "6 s ahead of"),
        (findings.clock("it", timedelta(seconds=-6)), False, "6 s behind"),
    ],
)
def test_what_is_wrong_and_what_to_do(finding: Finding, ok: bool, told: str) -> None:
    assert finding.ok is ok
    assert told in finding.text
    assert "\n" not in finding.text


def test_each_bad_setting_is_a_finding() -> None:
    found = findings.settings("NETIQUETTE_A: too short\nNETIQUETTE_B: no URL")
    assert [finding.text for finding in found] == [
        "NETIQUETTE_A: too short",
        "NETIQUETTE_B: no URL",
    ]
    assert not any(finding.ok for finding in found)
