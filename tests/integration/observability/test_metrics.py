"""What a running Icecube shows at `/metrics`, and that dashboard and alerts ask for nothing else."""

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.factories import images
from tests.integration.observability.observed import Observed, finished_job
from tests.integration.observability.queries import labels_in, metrics_in
from tests.integration.observability.test_alerts import ROOT, rules

DASHBOARD = ROOT / "deploy" / "dashboards" / "icecube.json"
SHOWN_SECONDS = 60
OF_PROMETHEUS = {"instance", "job"}
"""Labels that Prometheus adds when it reads."""
OF_THE_LIBRARY = ("process_", "python_")
NOT_YET = {"icecube_attempts_repeated_total": {"reason"}}
"""Series that are born with a first misfortune, which this Icecube is spared, and their labels."""


@pytest.fixture(scope="module")
def series(observed: Observed) -> dict[str, list[Sample]]:
    """Return every series of a run that has seen a job completed, one failed, and a request refused, by name."""
    assert finished_job(observed.icecube, {}) == "completed"
    assert finished_job(observed.icecube, {}, photo=images.photo()[:-3000]) == "failed"
    assert httpx.get(f"{observed.icecube.api}/image/unknown").status_code == 404
    deadline = time.monotonic() + SHOWN_SECONDS
    while not is_shown_whole(found := samples_of(observed)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def samples_of(observed: Observed) -> dict[str, list[Sample]]:
    """Return what is shown now, by name."""
    found: dict[str, list[Sample]] = {}
    for text in observed.metrics().values():
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, []).append(sample)
    return found


def is_shown_whole(found: dict[str, list[Sample]]) -> bool:
    """Say whether both jobs are announced, and the background has looked at all it looks at: that takes a moment."""
    sent = found.get("icecube_events_sent_total", [])
    announced = sum(sample.value for sample in sent if sample.labels["topic"] == "image-jobs")
    up = {sample.labels["dependency"] for sample in found.get("icecube_dependency_up", []) if sample.value == 1}
    return announced >= 2 and "kafka" in up and "icecube_consumer_lag" in found and "icecube_outbox_depth" in found


def queries() -> list[str]:
    """Return every expression of the dashboard."""
    dashboard: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def test_every_series_is_declared(series: dict[str, list[Sample]]) -> None:
    """Whatever a process shows is ours, and so explained, or of prometheus_client's own about the process."""
    foreign = {name for name in series if not name.startswith(("icecube_", *OF_THE_LIBRARY))}

    assert foreign == set()


@pytest.mark.parametrize("expression", [*queries(), *(rule["expr"] for rule in rules().values())])
def test_every_query_finds_its_series(expression: str, series: dict[str, list[Sample]]) -> None:
    """Dashboard and alerts ask for series that are there, and for labels that those have."""
    shown = {name: {label for sample in samples for label in sample.labels} for name, samples in series.items()}

    asked = metrics_in(expression)

    assert asked
    assert asked <= shown.keys() | NOT_YET.keys()
    have = set().union(*(shown.get(name, set()) | NOT_YET.get(name, set()) for name in asked))
    assert labels_in(expression) <= have | OF_PROMETHEUS


def test_each_process_shows_its_own(observed: Observed, series: dict[str, list[Sample]]) -> None:
    """A processor does not show the API's gauges as 0, nor the other way round: alerts watch for their absence."""
    shown = observed.metrics()

    assert "icecube_jobs_in_hand" not in shown["api"]
    assert "icecube_outbox_depth" not in shown["processor"]
    assert {"icecube_jobs_in_hand", "icecube_outbox_depth"} <= series.keys()


def test_no_label_carries_an_id(series: dict[str, list[Sample]]) -> None:
    """Routes are templates and reasons are codes: two jobs make no more series than one."""
    values = {value for samples in series.values() for sample in samples for value in sample.labels.values()}

    assert "/api/v1/job/{id}" in values
    assert not [value for value in values if re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", value)]


def test_a_job_leaves_its_mark(series: dict[str, list[Sample]]) -> None:
    """Jobs are counted by state and reason, their stages timed, their bytes summed."""

    def value(name: str, **labels: str) -> float:
        return sum(sample.value for sample in series[name] if labels.items() <= sample.labels.items())

    assert value("icecube_jobs_ended_total", state="completed", reason="") >= 1
    assert value("icecube_jobs_ended_total", state="failed", reason="image_damaged") >= 1
    assert value("icecube_attempts_ended_total", outcome="failed", reason="image_damaged") >= 1
    for stage in ("fetch", "make", "decode_resize", "encode", "store"):
        assert value("icecube_stage_seconds_count", stage=stage) >= 1
    inside = sum(value("icecube_stage_seconds_sum", stage=stage) for stage in ("decode_resize", "encode"))
    assert 0 < inside < value("icecube_stage_seconds_sum", stage="make")
    originals = value("icecube_original_bytes_total", format="jpeg")
    variants = value("icecube_variant_bytes_total", format="webp")
    assert originals > variants > 0
    assert value("icecube_saved_bytes_total", format="webp") == originals - variants
    assert value("icecube_partitions_assigned") > 0
    assert value("icecube_events_sent_total", topic="image-jobs") >= 2
    assert value("icecube_problems_total", code="image_not_found") >= 1
    assert value("icecube_dependency_up", dependency="kafka") == 1


def test_prometheus_understands_every_query(promtool: str, tmp_path: Path) -> None:
    """The dashboard's expressions are PromQL, with Grafana's own variable filled in."""
    recorded = [{"record": f"query:{n}", "expr": q.replace("$__rate_interval", "5m")} for n, q in enumerate(queries())]
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recorded}]}))

    checked = subprocess.run(
        [promtool, "check", "rules", "queries.yml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stderr
