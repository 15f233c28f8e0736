"""The charts of the report."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

from tests.bench.service.results import Chart, Section

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "icecube"  # the same figures, the same file
mpl.rcParams["svg.fonttype"] = "none"  # letters as text: a third of the bytes


def draw_verdicts(sections: Mapping[str, Section], path: Path) -> None:
    """Draw each figure as a share of what was wanted, 1 being all of it, on a scale of powers of two."""
    bars = [(f"{name}: {one.what}", one) for name, section in sections.items() for one in section.verdicts]
    figure, axis = plt.subplots(figsize=(10, 0.6 + 0.28 * len(bars)))
    axis.barh(
        [label for label, _ in bars],
        [one.share - 1 for _, one in bars],
        left=1,
        color=["tab:green" if one.is_met else "tab:red" for _, one in bars],
    )
    axis.invert_yaxis()
    axis.set_xscale("log", base=2)
    axis.axvline(1, color="black", linewidth=1)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_xlabel("share of what was wanted")
    _save(figure, path)


def draw(chart: Chart, path: Path) -> None:
    """Draw *chart*."""
    wide, high = (10, 3.6) if chart.kind == "lines" else (10, 0.8 + 0.5 * len(chart.series))
    figure, axis = plt.subplots(figsize=(wide, high))
    (_lines if chart.kind == "lines" else _waterfall)(axis, chart)
    figure.legend(loc="outside lower center", ncols=4, fontsize="small")
    _save(figure, path)


def _lines(axis: Any, chart: Chart) -> None:
    for name, points in chart.series.items():
        axis.plot([at for at, _ in points], [value for _, value in points], label=name)
    axis.set_ylabel(chart.label)
    axis.set_xlabel("seconds")


def _waterfall(axis: Any, chart: Chart) -> None:
    colours: dict[str, Any] = {}
    for name, spans in chart.series.items():
        left = 0.0
        for step, length in spans:
            known = str(step) in colours
            (bar,) = axis.barh(name, length, left=left, color=colours.get(str(step)), label=None if known else step)
            colours.setdefault(str(step), bar.get_facecolor() if known else _next_colour(len(colours)))
            bar.set_color(colours[str(step)])
            left += length
    axis.invert_yaxis()
    axis.set_xlabel(chart.label)


def _next_colour(number: int) -> Any:
    return mpl.colormaps["tab20"](number % 20)


def _save(figure: Any, path: Path) -> None:
    figure.set_layout_engine("constrained")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
