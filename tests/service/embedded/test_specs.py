from pathlib import Path

import pytest

from service.embedded import folder, specs
from service.settings import Settings


def test_the_api_alone_has_the_metrics_port(tmp_path: Path) -> None:
    environment = {specs.METRICS_PORT: "9100", "NETIQUETTE_MODEL": "x"}
    started = [*specs.without_model(environment, tmp_path, 3), specs.scoring(environment, tmp_path)]
    having = [spec.name for spec in started if specs.METRICS_PORT in spec.environment]
    assert having == ["The API"]
    assert all(spec.environment["NETIQUETTE_MODEL"] == "x" for spec in started)


def test_webhooks_work_without_being_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECRET_KEY", "WEBHOOK_NETWORKS"):
        monkeypatch.delenv(f"NETIQUETTE_{name}", raising=False)
    made = specs.environment(Settings(), tmp_path, "redis://127.0.0.1:1/0")
    assert made["NETIQUETTE_SECRET_KEY"] == folder.secret_key(tmp_path)
    assert made["NETIQUETTE_WEBHOOK_NETWORKS"] == "127.0.0.0/8,::1/128"
    monkeypatch.setenv("NETIQUETTE_WEBHOOK_NETWORKS", "10.0.0.0/8")
    mine = specs.environment(Settings(), tmp_path, "redis://127.0.0.1:1/0")
    assert mine["NETIQUETTE_WEBHOOK_NETWORKS"] == "10.0.0.0/8"
