"""Where the state of Netiquette belongs: found from the settings, never from the current folder."""

from pathlib import Path

from platformdirs import user_data_path
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

DATABASE = "netiquette.db"
"""Name of the embedded default's database, in its folder."""

LEAST_FREE = 100 * 1024 * 1024
"""Bytes of free disk space that a start needs, since SQLite needs room for its log."""

CHECKOUT = Path(__file__).resolve().parents[1]
"""The checkout, where this code runs from one."""


def base() -> Path:
    """Return the folder that relative paths of settings count from.

    That is the checkout that this code runs from, or else `netiquette` in the user's folder for
    data (XDG Base Directory Specification; on macOS ~/Library/Application Support).
    """
    if (CHECKOUT / "pyproject.toml").is_file():
        return CHECKOUT
    return user_data_path("netiquette")


def absolute(path: Path) -> Path:
    """Return the path, counted from the base if it is relative."""
    return base() / path


def sqlite_url(var: Path) -> str:
    """Return the SQLAlchemy URL of the embedded default's database in its folder."""
    return f"sqlite:///{var / DATABASE}"


def absolute_url(given: str) -> str:
    """Return a database's URL; a relative path to an SQLite file counts from the base.

    Raises ValueError, without showing the URL, for what is none.
    """
    try:
        url = make_url(given)
    except ArgumentError:
        raise ValueError("is no URL of a database, such as sqlite:////path/to/file") from None
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name.startswith((":memory:", "file:")):
        return given
    if Path(name).is_absolute():
        return given
    return url.set(database=str(absolute(Path(name)))).render_as_string(hide_password=False)
