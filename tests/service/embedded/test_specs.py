from pathlib import Path

from service.embedded import specs


def test_the_api_alone_has_the_metrics_port(tmp_path: Path) -> None:
    environment = {specs.METRICS_PORT: "9100", "NETIQUETTE_MODEL": "x"}
    started = [*specs.front(environment, tmp_path, 3), specs.scoring(environment, tmp_path)]
    having = [spec.name for spec in started if specs.METRICS_PORT in spec.environment]
    assert having == ["The API"]
    assert all(spec.environment["NETIQUETTE_MODEL"] == "x" for spec in started)
