"""The I/O worker delivers whether or not there is a broker."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.installation import DEAD_PORT
from tests.support.outbox import KEY, Outbox
from tests.support.stack import FAKE_WORKER
from tests.workers.delivery.running import OK, Receive, sent, until


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_deliveries_go_on_while_the_broker_is_away(
    outbox: Outbox, receive: Receive, database_url: str, tmp_path: Path
) -> None:
    receiver = receive(OK)
    outbox.endpoint(receiver.url())
    events = outbox.approve(3)
    environment = os.environ | {
        "NETIQUETTE_DATABASE_URL": database_url,
        "NETIQUETTE_REDIS_URL": DEAD_PORT,
        "NETIQUETTE_SECRET_KEY": KEY.get_secret_value(),
        "NETIQUETTE_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    with (tmp_path / "io.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, str(FAKE_WORKER), "io"], env=environment, stderr=log
        )
    try:
        until(lambda: sorted(sent(receiver)) == sorted(events))
        later = outbox.approve(1)
        until(lambda: sorted(sent(receiver)) == sorted([*events, *later]))
    finally:
        worker.terminate()
        worker.wait(20)
