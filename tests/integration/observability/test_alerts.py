"""The alert rules, tried by promtool on invented histories."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ALERTS = ROOT / "deploy" / "dashboards" / "alerts.yml"
HISTORIES = Path(__file__).with_name("alert_histories.yml")
PAGE = ROOT / "docs" / "operations.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder in which Prometheus' configuration, rules and histories lie side by side, as when deployed."""
    for file in (ROOT / "deploy" / "config" / "prometheus.yml", ALERTS, HISTORIES):
        shutil.copy(file, tmp_path)
    return tmp_path


def rules() -> dict[str, dict[str, Any]]:
    """Return every alert by its name."""
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def run(promtool: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run promtool in *folder*."""
    return subprocess.run([promtool, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_prometheus_takes_configuration_and_rules(promtool: str, folder: Path) -> None:
    """Prometheus would start with what we deploy."""
    checked = run(promtool, "check", "config", "prometheus.yml", folder=folder)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(rules())} rules found" in checked.stdout


def test_alerts_fire_when_they_should_and_only_then(promtool: str, folder: Path) -> None:
    """Each history raises exactly the alerts it names."""
    tried = run(promtool, "test", "rules", HISTORIES.name, folder=folder)

    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_every_alert_has_a_history_that_raises_it() -> None:
    """A rule that no history raises may be one that never fires."""
    raised = set(re.findall(r'alertname="(\w+)"', HISTORIES.read_text("utf-8")))

    assert raised == rules().keys()


def test_every_alert_has_its_page() -> None:
    """Whoever is woken finds, under the address in the alert, what it means and what to do; no page is orphaned."""
    pages = re.split(r"^### (Icecube\w+)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    text_of = dict(zip(pages[1::2], pages[2::2], strict=True))

    assert text_of.keys() == rules().keys()
    for name, rule in rules().items():
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
        assert re.findall(r"^\*\*(.+?)\*\*", text_of[name], flags=re.MULTILINE) == ["Means.", "Look.", "Do."]
