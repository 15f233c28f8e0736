"""Keeps every scenario's newest results, and writes them as one page with its charts."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter

from tests.bench.service.drawing import draw, draw_verdicts
from tests.bench.service.results import Section, Table, Verdict

_SECTIONS = TypeAdapter(dict[str, Section])
_HEAD = """# Results of `make bench`

<!-- Written by `python -m tests.bench.service`; results.json holds the same as data. -->

What is measured, how, and what limits it: [performance.md](../performance.md). Scenarios run alone replace
their own part of this page; each tells its own circumstances.

![Every figure as a share of what was wanted](results.svg)
"""


def update(folder: Path, found: Mapping[str, Section], order: list[str]) -> str:
    """Replace the sections of *found* in what *folder* holds, write all anew, and return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "results.json"
    before = _SECTIONS.validate_json(kept.read_bytes()) if kept.exists() else {}
    merged = before | dict(found)
    sections = {name: merged[name] for name in order if name in merged}
    plain = {name: asdict(section) for name, section in sections.items()}
    kept.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    page = "\n".join([_HEAD, *_verdicts(sections), *(_section(folder, *item) for item in sections.items())])
    (folder / "results.md").write_text(page, encoding="utf-8")
    draw_verdicts(sections, folder / "results.svg")
    return page


def _verdicts(sections: Mapping[str, Section]) -> Iterator[str]:
    yield "| scenario | figure | reached | wanted | |"
    yield "|---|---|--:|--:|---|"
    for name, section in sections.items():
        for one in section.verdicts:
            yield f"| [{name}](#{name}) | {_describe(one)} |"
    yield ""


def _describe(one: Verdict) -> str:
    met = "met" if one.is_met else "**missed**"
    return f"{one.what} | {figure(one.reached)}{one.unit} | {one.bound} {figure(one.wanted)}{one.unit} | {met}"


def figure(value: float) -> str:
    """Return *value* with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _section(folder: Path, name: str, section: Section) -> str:
    lines = [f"## {name}", "", f"{section.title}.", ""]
    lines += [f"{', '.join(f'{what} {value}' for what, value in section.circumstances.items())}.", ""]
    for table in section.tables:
        lines += [*_table(table), ""]
    for number, chart in enumerate(section.charts):
        file = f"{name}-{number}.svg"
        draw(chart, folder / file)
        lines += [f"![{chart.label}]({file})", ""]
    return "\n".join(lines)


def _table(table: Table) -> Iterator[str]:
    if table.words:
        yield from (table.words, "")
    yield f"| {' | '.join(table.head)} |"
    yield f"|---|{'--:|' * (len(table.head) - 1)}"
    yield from (f"| {' | '.join(row)} |" for row in table.rows)
