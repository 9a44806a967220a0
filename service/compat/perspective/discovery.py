"""The description of the two methods in Google's form, which its clients ask for first.

Its form is that of Google's discovery documents
(https://developers.google.com/discovery/v1/reference/apis).
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

PATH = "/$discovery/rest"
VERSION = "v1alpha1"

_FILE = Path(__file__).with_name("discovery.json")


def describe(root: str) -> dict[str, Any]:
    """Return the description; `root` is the address under which it was asked for, with a slash."""
    return {**_document(), "rootUrl": root, "baseUrl": root}


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_FILE.read_text("utf-8"))
    return document
