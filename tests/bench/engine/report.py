"""The measurements as a table and a plot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

FORMATS = ("jpeg", "webp", "png")


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one contender took for one variant, and how it looks; seconds, megabytes, bytes, SSIMULACRA2."""

    picture: str
    format: str
    contender: str
    wall: float
    cpu: float
    megabytes: float
    size: int
    score: float
    engine_bytes_at_score: float
    """What the engine takes to look as good as this one."""


def table(measurements: Sequence[Measurement], contenders: Sequence[str]) -> str:
    """Return every figure, then the medians of the engine's ratios to each contender."""
    head = "| picture | format | contender | wall ms | CPU ms | peak MB | bytes | SSIMULACRA2 |"
    rule = "|---|---|---|--:|--:|--:|--:|--:|"
    rows = [
        f"| {one.picture} | {one.format} | {one.contender} | {one.wall * 1000:.0f} | {one.cpu * 1000:.0f} "
        f"| {one.megabytes:.0f} | {one.size:,} | {one.score:.1f} |"
        for one in measurements
    ]
    return "\n".join([_ratios(measurements, contenders), "", head, rule, *rows, ""])


def _ratios(measurements: Sequence[Measurement], contenders: Sequence[str]) -> str:
    lines = [
        "Medians over the pictures of what the engine takes for each of theirs; bytes at the other's visual score.",
        "",
        "| format | against | times as fast | CPU | peak memory | bytes | bytes at equal score |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for image_format in FORMATS:
        for contender in contenders:
            pairs = _pairs(measurements, image_format, contender)
            if pairs:
                lines.append(_line(image_format, contender, pairs))
    return "\n".join(lines)


Pairs = Sequence[tuple[Measurement, Measurement]]


def _pairs(measurements: Sequence[Measurement], image_format: str, contender: str) -> Pairs:
    by_key = {(one.picture, one.format, one.contender): one for one in measurements}
    pictures = dict.fromkeys(one.picture for one in measurements)
    keys = [((picture, image_format, "engine"), (picture, image_format, contender)) for picture in pictures]
    return [(by_key[ours], by_key[theirs]) for ours, theirs in keys if ours in by_key and theirs in by_key]


def _line(image_format: str, contender: str, pairs: Pairs) -> str:
    def middle(ratio: Callable[[Measurement, Measurement], float]) -> str:
        return f"{median(ratio(ours, theirs) for ours, theirs in pairs):.2f}"

    return (
        f"| {image_format} | {contender} | {middle(lambda ours, theirs: theirs.wall / ours.wall)} "
        f"| {middle(lambda ours, theirs: ours.cpu / theirs.cpu)} "
        f"| {middle(lambda ours, theirs: ours.megabytes / theirs.megabytes)} "
        f"| {middle(lambda ours, theirs: ours.size / theirs.size)} "
        f"| {middle(lambda _, theirs: theirs.engine_bytes_at_score / theirs.size)} |"
    )


def plot(measurements: Sequence[Measurement], path: Path) -> None:
    """Write each contender's wall time and bytes at equal score, as medians relative to the chain's, to *path*."""
    import matplotlib as mpl  # noqa: PLC0415 - slow, and not needed to measure

    mpl.use("svg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - only after the backend is chosen

    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6))
    contenders = list(dict.fromkeys(one.contender for one in measurements))
    times = {one: _relative(measurements, one, lambda mine, chain: mine.wall / chain.wall) for one in contenders}
    sizes = {one: _relative(measurements, one, lambda mine, chain: mine.size / chain.size) for one in contenders}
    for axis, title, values in ((axes[0], "wall time", times), (axes[1], "bytes at quality 80", sizes)):
        _bars(axis, f"{title}, the chain = 1", values)
    axes[0].legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def _bars(axis: "object", title: str, values: Mapping[str, Sequence[float]]) -> None:
    width = 0.8 / len(values)
    for number, (contender, heights) in enumerate(values.items()):
        places = [place + number * width for place in range(len(heights))]
        axis.bar(places, heights, width, label=contender)  # type: ignore[attr-defined]  # matplotlib's Axes
    axis.set_title(title)  # type: ignore[attr-defined]  # matplotlib's Axes
    axis.set_xticks([place + 0.4 for place in range(len(FORMATS))], FORMATS)  # type: ignore[attr-defined]  # same


def _relative(
    measurements: Sequence[Measurement], contender: str, ratio: Callable[[Measurement, Measurement], float]
) -> list[float]:
    by_key = {(one.picture, one.format, one.contender): one for one in measurements}
    pictures = dict.fromkeys(one.picture for one in measurements)
    return [
        median(
            ratio(by_key[picture, image_format, contender], by_key[picture, image_format, "chain"])
            for picture in pictures
            if (picture, image_format, contender) in by_key and (picture, image_format, "chain") in by_key
        )
        for image_format in FORMATS
    ]
