"""What holds for every command, whatever it does."""

import os
import subprocess
import sys
from pathlib import Path

SHOW = """
import os, resource
from service import cli
cli.application = lambda: lambda: print(oct(os.umask(0)), resource.getrlimit(resource.RLIMIT_CORE))
cli.main()
"""


def run(*arguments: str, **settings: str) -> str:
    """Run a Python whose caller keeps nothing from anybody."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | settings,
        umask=0,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_what_a_command_writes_is_for_its_owner_only(tmp_path: Path) -> None:
    settings = {"NETIQUETTE_DATABASE_URL": f"sqlite:///{tmp_path / 'netiquette.db'}"}
    run("-m", "service", "migrate", **settings)
    run("-m", "service", "site", "create", "morgenblatt", "--name", "Morgenblatt", **settings)
    run("-m", "service", "backup", str(tmp_path / "backup.db"), **settings)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes.keys() >= {"netiquette.db", ".netiquette.db.made", "backup.db"}
    assert set(modes.values()) == {0o600}


def test_no_command_can_be_forgotten() -> None:
    assert run("-c", SHOW) == "0o77 (0, 0)\n"
