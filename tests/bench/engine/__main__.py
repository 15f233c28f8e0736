"""Measures every contender on every picture and format, in one run, and writes a table and a plot."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.chain import missing_tools
from tests.bench.engine.contender import CONTENDERS, ENGINE
from tests.bench.engine.large import large_table
from tests.bench.engine.report import FORMATS, Measurement, plot, table
from tests.bench.engine.scoring import bytes_at, score, write_reference
from tests.bench.pictures import pictures_in, write_pictures

SIDE, QUALITY = 1000, 80
_CURVE = (50, 65, 75, 80, 85, 92)


def main() -> None:
    """Print the table, and write it, the plot and the table of large and odd pictures to the output folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", help="measure the pictures in these too")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("docs/engine"))
    arguments = parser.parse_args()
    if missing_tools():
        sys.exit(f"install ImageMagick, jpegoptim, pngquant and webp first: missing {', '.join(missing_tools())}")
    with TemporaryDirectory() as work:
        made = Path(work, "made")
        made.mkdir()
        given = [picture for folder in arguments.folders for picture in pictures_in(folder)]
        pictures = write_pictures(made) + given
        measurements = list(_measurements(pictures, Path(work), arguments.rounds))
    text = table(measurements, [*CONTENDERS])
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "bench.md").write_text(text, encoding="utf-8")
    plot(measurements, arguments.output / "bench.svg")
    sys.stdout.write(text)
    (arguments.output / "large.md").write_text(large_table(), encoding="utf-8")


def _measurements(pictures: list[Path], work: Path, rounds: int) -> Iterator[Measurement]:
    for picture in pictures:
        reference = work / "reference.png"
        write_reference(picture, SIDE, reference)
        for image_format in FORMATS:
            curve = list(_engine_curve(picture, image_format, work, reference))
            for contender in (*CONTENDERS, ENGINE):
                sys.stderr.write(f"{picture.name} to {image_format} by {contender}\n")
                output = work / f"variant.{image_format}"
                took = _run(contender, rounds, picture, output, image_format, QUALITY)
                if took is not None:
                    likeness = score(reference, output)
                    size = output.stat().st_size
                    equal = bytes_at(likeness, curve)
                    yield Measurement(
                        picture.name, image_format, contender, **took, size=size, score=likeness,
                        engine_bytes_at_score=equal,
                    )  # fmt: skip


def _engine_curve(picture: Path, image_format: str, work: Path, reference: Path) -> Iterator[tuple[float, int]]:
    output = work / f"curve.{image_format}"
    for quality in _CURVE:
        _run("bare engine", 0, picture, output, image_format, quality)
        yield score(reference, output), output.stat().st_size


def _run(
    contender: str, rounds: int, picture: Path, output: Path, image_format: str, quality: int
) -> dict[str, float] | None:
    """Return what the contender took, None where it could not do it at all."""
    arguments = [contender, rounds, picture, output, image_format, SIDE, quality]
    command = [sys.executable, "-m", "tests.bench.engine.contender", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.stderr.write(f"{contender} failed: {result.stderr[-300:]}\n")
        return None
    took: dict[str, float] = json.loads(result.stdout)
    return took


if __name__ == "__main__":
    main()
