"""What the fixtures give."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from typer.testing import Result

from service.db import Database
from service.testing.rows import SiteRows

Run = Callable[..., Result]
Writing = Callable[[Database, SiteRows], AbstractContextManager[list[object]]]
