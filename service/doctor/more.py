"""Checks of packages that the service cannot import, such as the workers."""

from collections.abc import Callable

from service.doctor.findings import Finding
from service.settings import Settings

Check = Callable[[Settings], Finding]

registered: list[Check] = []
"""The checks that `netiquette doctor` makes at the end."""
