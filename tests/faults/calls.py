"""A caller who sends a request until it gets an answer, as a careful backend would."""

import threading
import time
from collections.abc import Collection
from typing import Any

import httpx2

from tests.faults.ledger import Ledger

TIMEOUT = 2.5
PATIENCE = 60.0
"""Seconds after which even a careful backend gives up; a run in which one does has failed."""


class Caller:
    """One thread's connection to the API."""

    def __init__(self, url: str, token: str, ledger: Ledger) -> None:
        """Connect to nothing yet."""
        self._client = httpx2.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT,
            trust_env=False,
        )
        self._ledger = ledger
        self._rest = threading.Event()

    def send(
        self, method: str, path: str, expected: Collection[int], **more: Any
    ) -> httpx2.Response | None:
        """Send it again and again until it is answered; None when nobody ever does.

        What is answered with neither an expected status nor a trouble that passes breaks
        a promise, and so does silence for longer than PATIENCE.
        """
        deadline = time.monotonic() + PATIENCE
        tries, last = 0, "nothing"
        while time.monotonic() < deadline:
            tries += 1
            try:
                response = self._client.request(method, path, **more)
            except httpx2.HTTPError as error:
                last = type(error).__name__
            else:
                last = str(response.status_code)
                if not _will_pass(response):
                    self._ledger.done(tries)
                    if response.status_code not in expected:
                        detail = response.text[:300]
                        self._ledger.complain(f"{method} {path} answered {last}: {detail}")
                    return response
            self._rest.wait(0.2)
        self._ledger.complain(f"{method} {path} was never answered; at last: {last}")
        return None

    def look(self, path: str) -> dict[str, Any] | None:
        """Read once; None when there is no answer now."""
        try:
            response = self._client.get(path)
        except httpx2.HTTPError:
            return None
        if response.status_code == 404:
            self._ledger.complain(f"GET {path} answered 404 after it was accepted")
        found: dict[str, Any] | None = response.json() if response.is_success else None
        return found

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _will_pass(response: httpx2.Response) -> bool:
    """Tell whether the same request should be sent again."""
    if response.status_code >= 500:
        return True
    return response.status_code == 409 and response.json()["type"].endswith("request-in-flight")
