"""Measures what `quality` looks like in every format, and writes the table that the engine's curves come from."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from PIL import Image
from skimage import data

from common.formats import OUTPUT_FORMATS, ImageFormat
from common.options.variant import VariantOptions
from processor.engine import ImageLimits, VariantRequest
from processor.engine.libvips import set_up_libvips
from tests.bench.engine.scoring import score, write_reference
from tests.bench.pictures import pictures_in
from tests.doubles.engine import make_files

_QUALITIES = (10, 30, 50, 65, 80, 90, 95, 100)
_PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")
_LIMITS = ImageLimits(megapixels=100, side_pixels=16384)
_SIDE = 1000


def main() -> None:
    """Print the table, and write it to the output folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", help="measure the pictures in these too")
    parser.add_argument("--output", type=Path, default=Path("docs/engine"))
    arguments = parser.parse_args()
    set_up_libvips()
    with TemporaryDirectory() as work:
        given = [photo for folder in arguments.folders for photo in pictures_in(folder)]
        photos = list(_photos(Path(work))) + given
        text = _table(photos, Path(work))
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "quality.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


def _photos(folder: Path) -> Iterator[Path]:
    for name in _PHOTOS:
        path = folder / f"{name}.png"
        Image.fromarray(getattr(data, name)()).save(path)
        yield path


def _table(photos: Sequence[Path], work: Path) -> str:
    formats = sorted(OUTPUT_FORMATS)
    lines = [
        f"SSIMULACRA2 and kilobytes, medians over {len(photos)} photos of at most {_SIDE} pixels.",
        "",
        f"| quality | {' | '.join(formats)} |",
        f"|--:|{'--:|' * len(formats)}",
    ]
    for quality in _QUALITIES:
        cells = [_cell(photos, work, image_format, quality) for image_format in formats]
        lines.append(f"| {quality} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _cell(photos: Sequence[Path], work: Path, image_format: ImageFormat, quality: int) -> str:
    measured = [_measured(photo, work, image_format, quality) for photo in photos]
    return f"{median(likeness for likeness, _ in measured):.1f} · {median(size for _, size in measured) / 1000:.0f}"


def _measured(photo: Path, work: Path, image_format: ImageFormat, quality: int) -> tuple[float, int]:
    reference, output = work / f"{photo.stem}.reference.png", work / "variant"
    if not reference.exists():
        write_reference(photo, _SIDE, reference)
    options = VariantOptions(format=image_format, quality=quality, max_dimension=_SIDE)
    [variant] = make_files(photo, [VariantRequest(output, options)], _LIMITS)
    return score(reference, output), variant.byte_size


if __name__ == "__main__":
    main()
