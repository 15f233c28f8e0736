"""Metrics: declared in one file, each with its meaning, and nowhere else."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.metrics import Counter, Gauge, Histogram, MetricWrapperBase
from prometheus_client.metrics_core import Metric

from common import metrics

ROOT = Path(__file__).parents[3]
PACKAGES = ("common", "ingest_api", "processor", "deploy")
DECLARERS = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}
METRICS = {name: metric for name, metric in vars(metrics).items() if isinstance(metric, MetricWrapperBase)}
EVERY = pytest.mark.parametrize("name", METRICS)


def described(name: str) -> Metric:
    """Return what Prometheus is told of the metric of that name in the module."""
    (metric,) = METRICS[name].describe()
    return metric


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Yield every module of ours, with its path below the root."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def declares(tree: ast.Module) -> bool:
    """Say whether a module takes from prometheus_client what metrics are declared with."""
    imported = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    from_it = (node for node in imported if (node.module or "").split(".")[0] == "prometheus_client")
    return any(alias.name in DECLARERS for node in from_it for alias in node.names) or any(
        alias.name.split(".")[0] == "prometheus_client"
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    )


def test_only_one_module_declares_metrics() -> None:
    """Whoever looks for a metric's meaning finds it in common/metrics.py."""
    assert [path for path, tree in sources() if declares(tree)] == ["common/metrics.py"]


@EVERY
def test_every_metric_is_recorded_somewhere(name: str) -> None:
    """A metric that nobody records tells a lie: nothing."""
    used = {
        node.attr
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "metrics"
    }

    assert name in used


@EVERY
def test_every_metric_says_what_it_means(name: str) -> None:
    """The meaning is a sentence, and the name follows Prometheus' rules: prefix, unit, `_total` for counters."""
    metric = described(name)

    assert re.fullmatch(r"icecube_[a-z_]+", metric.name)
    assert re.fullmatch(r"[A-Z].{10,}\.", metric.documentation)
    match METRICS[name]:
        case Counter():
            assert not metric.name.endswith(("_seconds", "_total"))  # the library adds the suffix itself
        case Histogram():
            assert metric.name.endswith("_seconds")
        case Gauge():
            assert not metric.name.endswith("_total")
        case other:
            pytest.fail(f"{name} is a {type(other).__name__}, which no dashboard of ours knows how to show")


@EVERY
def test_labels_take_few_values(name: str) -> None:
    """Each value of a label is a series that Prometheus keeps: ids and paths would be without number."""
    allowed = {
        "code",
        "method",
        "route",
        "status",
        "state",
        "reason",
        "topic",
        "group",
        "dependency",
        "outcome",
        "stage",
        "format",
        "kind",
    }

    assert set(METRICS[name]._labelnames) <= allowed  # noqa: SLF001 - no public name tells of labels without samples


def test_the_page_for_operators_tells_of_every_metric() -> None:
    """docs/operations.md has a row for each metric, with its labels and in the words of its declaration."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")

    rows = re.findall(r"^\| `(icecube_\w+)` \| (.*?) \| (.*?) \|$", page, flags=re.MULTILINE)

    assert sorted(rows) == sorted(row(name) for name in METRICS)


def row(name: str) -> tuple[str, str, str]:
    """Return name, labels and meaning as the page shows them."""
    metric = described(name)
    suffix = "_total" if isinstance(METRICS[name], Counter) else ""
    labels = ", ".join(f"`{label}`" for label in METRICS[name]._labelnames)  # noqa: SLF001 - see above
    return metric.name + suffix, labels, metric.documentation


def test_image_processes_record_nothing() -> None:
    """What a child records dies with it, and would be counted nowhere: the engine knows no metrics."""
    code = "import sys, processor.engine.recipe, processor.pool.child; print('prometheus_client' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "False"
