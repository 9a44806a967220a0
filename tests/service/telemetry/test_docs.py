"""The documentation and the dashboard name exactly what there is."""

import json
import re
from typing import Any

from prometheus_client import Metric

from service.db import Database
from service.telemetry.metrics import REGISTRY
from service.telemetry.queue_metrics import QueueMetrics
from tests.support.reading import ROOT, rows

DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana.json").read_text("utf-8"))


def families(database: Database) -> dict[str, Metric]:
    """Return all metrics by the names that a query uses; a histogram's ends in _bucket, …."""
    found = [*REGISTRY.collect(), *QueueMetrics(database).collect()]
    return {f.name + ("_total" if f.type == "counter" else ""): f for f in found}


def labels_of(name: str) -> str:
    """Return a metric's labels as the documentation has them."""
    gauges = {
        "netiquette_pending_comments": "lane",
        "netiquette_oldest_pending_seconds": "lane",
        "netiquette_webhook_endpoints": "state",
    }
    if name in gauges:
        return gauges[name]
    kept = REGISTRY._names_to_collectors.get(name)
    return ", ".join(kept._labelnames) if kept else ""  # type: ignore[attr-defined]  # no public way


def test_the_table_of_metrics_is_the_registry(database: Database) -> None:
    documented = {name: (kind, labels) for name, kind, labels, *_ in rows("Metrics")}
    assert documented == {
        name: (family.type, labels_of(name)) for name, family in families(database).items()
    }


def test_no_metric_is_labelled_by_site(database: Database) -> None:
    for name in families(database):
        assert not {"site", "site_id", "key", "member"} & set(labels_of(name).split(", "))


def test_the_dashboard_shows_every_metric_and_no_other(database: Database) -> None:
    queries = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    used = set(re.findall(r"netiquette_\w+", " ".join(queries)))
    kinds = families(database)
    histograms = {name for name, family in kinds.items() if family.type == "histogram"}
    bare = {
        next((h for h in histograms if re.fullmatch(f"{h}_(bucket|sum|count)", name)), name)
        for name in used
    }
    assert bare == set(kinds)
    assert not used & histograms


def test_the_dashboard_groups_by_labels_that_exist() -> None:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            named = set(re.findall(r"netiquette_\w+", target["expr"]))
            known = {label for name in named for label in labels_of(_family(name)).split(", ")}
            grouped = set(
                re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", target["expr"])))
            )
            shown = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert grouped - {"le"} <= known, target
            assert shown <= grouped, target


def _family(name: str) -> str:
    return re.sub("_(bucket|sum|count)$", "", name)
