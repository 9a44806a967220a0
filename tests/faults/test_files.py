"""Faults of files are brought about, and what a service does wrong meanwhile is noticed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.db import Database
from service.embedded import log_files
from service.migrations import migrate
from tests.faults import files as module
from tests.faults.files import Files
from tests.faults.plan import SWAPPED
from tests.faults.tree import Tree


class Still(Tree):
    """A tree of which nothing runs."""

    ready = False

    def tend(self) -> None:
        """Start nothing."""

    def readiness(self) -> dict[str, object] | None:
        """Say what the test lets it say."""
        return {"degraded": []} if self.ready else None


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Still]:
    still = Still(tmp_path, None, bundled=False)
    (still.var / "log").mkdir(parents=True)
    (tmp_path / "console.txt").touch()
    yield still
    still.close()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def files(tree: Still, complaints: list[str]) -> Files:
    return Files(tree, complaints.append)


def test_the_text_of_a_deleted_log_is_looked_at(tree: Still, files: Files) -> None:
    for name in ("api", "io"):
        (tree.var / "log" / f"{name}.log").write_text(f"{name} said zwetschge")
    files.delete_log("api")
    files.delete_log("api")
    assert not (tree.var / "log" / "api.log").exists()
    files.delete_logs()
    assert not (tree.var / "log").exists()
    assert "api said zwetschge" in tree.said()
    assert "io said zwetschge" in tree.said()


@pytest.mark.parametrize("rotates", [True, False])
def test_a_log_that_is_not_rotated_is_noticed(
    files: Files, complaints: list[str], monkeypatch: pytest.MonkeyPatch, *, rotates: bool
) -> None:
    monkeypatch.setattr(module, "ROTATED_AFTER", 0.0)
    log = files.make_room_for_log("api")
    files.let_log_grow(log)
    if rotates:
        log_files.bound(log)
    files.await_rotation(log)
    assert bool(complaints) is not rotates


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize("other", SWAPPED)
def test_a_service_that_is_ready_without_its_database_is_noticed(
    tree: Still, files: Files, complaints: list[str], other: str, *, ready: bool
) -> None:
    file = tree.var / "netiquette.db"
    database = Database(tree.database_url)
    migrate(database)
    inode = file.stat().st_ino
    put_back = files.swap_database(other)
    assert not file.exists() or file.stat().st_ino != inode
    tree.ready = ready
    put_back()
    assert file.stat().st_ino == inode
    database.probe()
    database.dispose()
    assert bool(complaints) is ready
