"""ARCHITECTURE.md and the code name the same rules of the protocol, in both directions."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for room in ("common", "ingest_api", "processor")
    for path in (ROOT / room).rglob("*")
    if path.suffix in {".py", ".sql"}
]


def rules_in_architecture() -> set[tuple[str, str]]:
    """Return each rule with each file that its row says keeps it."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    table = text.split("## The rules of the protocol", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| ")][1:]
    return {(row[0].strip(), path) for row in rows for path in re.findall(r"`([^`]+)`", row[2])}


def rules_in_code() -> set[tuple[str, str]]:
    """Return each rule with each file that says it keeps it."""
    return {
        (rule, str(path.relative_to(ROOT)))
        for path in SOURCES
        for sentence in re.findall(r"the protocol's rules? (.+) \(ARCHITECTURE\.md\)", path.read_text("utf-8"))
        for rule in re.findall(r'"([^"]+)"', sentence)
    }


def test_rules_and_code_name_each_other() -> None:
    """Whoever changes the code that keeps a rule reads which; whoever reads a rule finds the code."""
    assert rules_in_architecture() == rules_in_code()
    assert len(rules_in_architecture()) >= 6
