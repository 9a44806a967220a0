from pathlib import Path

import pytest
import redis

from service.embedded.supervisor import Supervisor
from service.embedded.valkey import Broker


def test_answers_to_its_password_only_and_keeps_nothing(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    (tmp_path / "log").mkdir()
    broker = Broker.choose()
    assert not broker.answers()
    supervisor.start(broker.spec(tmp_path))
    supervisor.wait_for(broker.answers)
    with redis.Redis.from_url(broker.url) as client:
        assert client.set("name", "value")
        assert client.config_get("save")["save"] == ""
        assert client.config_get("appendonly")["appendonly"] == "no"
    with (
        redis.Redis(port=broker.port) as stranger,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        stranger.get("name")
    assert (tmp_path / "valkey.conf").stat().st_mode & 0o777 == 0o600
    supervisor.stop()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "valkey.conf"]
