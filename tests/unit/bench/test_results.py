"""What the bench makes of its figures."""

import json
from pathlib import Path

import pytest

from tests.bench.service.plan import Plan
from tests.bench.service.report import figure, update
from tests.bench.service.results import Section, Table, Verdict, percentile
from tests.bench.service.scenarios.hundred import distinct_options


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1, 100)])
def test_percentile_of_a_hundred(share: float, expected: int) -> None:
    """So many in a hundred values do not exceed the percentile."""
    values = [float(value) for value in range(100, 0, -1)]

    assert percentile(values, share) == expected


def test_percentile_of_few() -> None:
    """The largest of few values is their 99th percentile."""
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3


@pytest.mark.parametrize(
    ("verdict", "share", "is_met"),
    [
        (Verdict("throughput", 1.8, 0.9), 2, True),
        (Verdict("throughput", 0.45, 0.9), 0.5, False),
        (Verdict("start", 2, 4, bound="at most"), 2, True),
        (Verdict("start", 8, 4, bound="at most"), 0.5, False),
        (Verdict("start", 4, 4, bound="at most"), 1, True),
    ],
)
def test_share_of_what_was_wanted(verdict: Verdict, share: float, *, is_met: bool) -> None:
    """Twice as good as wanted is 2, whichever way is better; 1 is enough."""
    assert (verdict.share, verdict.is_met) == (share, is_met)


def test_one_scenario_run_alone(tmp_path: Path) -> None:
    """A run replaces what it has measured anew, and leaves the other scenarios' results where they are."""
    update(tmp_path, {"first": _section(1), "second": _section(2)}, ["first", "second"])

    page = update(tmp_path, {"first": _section(3)}, ["first", "second"])

    assert (tmp_path / "results.md").read_text("utf-8") == page
    kept = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert [kept[name]["verdicts"][0]["reached"] for name in ("first", "second")] == [3, 2]
    assert "| [first](#first) | speed | 3 | at least 2 | met |" in page
    assert "| [second](#second) | speed | 2 | at least 2 | met |" in page


def test_missed_figure(tmp_path: Path) -> None:
    """A figure that was missed is called so on the page."""
    page = update(tmp_path, {"first": _section(1)}, ["first"])

    assert "| [first](#first) | speed | 1 | at least 2 | **missed** |" in page


@pytest.mark.parametrize(("value", "shown"), [(0.8531, "0.853"), (41.26, "41.3"), (1234.5, "1,234"), (400, "400")])
def test_figures(value: float, shown: str) -> None:
    """A figure is shown with three digits, or whole."""
    assert figure(value) == shown


def test_options_of_a_hundred_jobs(tmp_path: Path) -> None:
    """The same seed gives the same hundred options, of which no two are the same."""
    plan = Plan(seed=1, broker="embedded", minutes=1, rounds=1, work=tmp_path)

    options = distinct_options(plan.rng("hundred"), 100)

    assert options == distinct_options(plan.rng("hundred"), 100)
    assert len({tuple(one.values()) for one in options}) == 100


def _section(reached: float) -> Section:
    return Section("Speed", [Verdict("speed", reached, 2)], [Table(("what", "how much"), [("speed", "1")])])
