"""`make corpus FOLDER=…`: says of each file what becomes of it, and how far that is from its reference.

The reference of `NAME` is `ref/NAME.png` in the same folder, in sRGB, as a browser shows the file.
"""

import asyncio
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from ingest_api.uploads.header import UploadRefusedError, read_header
from processor.engine import ImageLimits, ImageRefusedError, VariantRequest
from processor.pool import ImagePool, WorkerLostError
from processor.pool.losses import EngineFailedError

_LIMITS = ImageLimits(megapixels=100, side_pixels=16384)
_LOSSLESS = VariantOptions(format=ImageFormat.PNG, quality=100)


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one file."""

    name: str
    outcome: str
    deviation: str = ""


async def main(folder: Path, files: list[Path]) -> None:
    """Print a table in Markdown, and the outcomes counted."""
    with TemporaryDirectory() as work:
        async with ImagePool(workers=1, limits=_LIMITS) as pool:
            rows = [await _try(path, folder / "ref" / f"{path.name}.png", pool, Path(work) / "v") for path in files]
    _print("| file | outcome | mean deviation of colours · of alpha |\n|---|---|--:|")
    for row in rows:
        _print(f"| {row.name} | {row.outcome} | {row.deviation} |")
    _print("")
    for outcome, count in Counter(row.outcome.split(":")[0] for row in rows).most_common():
        _print(f"{count} {outcome}")


async def _try(path: Path, reference: Path, pool: ImagePool, output: Path) -> Row:
    try:
        await asyncio.to_thread(read_header, path)
    except UploadRefusedError as exc:
        return Row(path.name, f"refused at the upload: {exc}")
    try:
        await pool.make(path, [VariantRequest(output, _LOSSLESS)])
    except ImageRefusedError as exc:
        return Row(path.name, f"refused by the engine: {exc}")
    except (WorkerLostError, EngineFailedError) as exc:
        return Row(path.name, f"FAILED: {str(exc).splitlines()[-1]}")
    return Row(path.name, "made", _deviation(output, reference))


def _deviation(made: Path, reference: Path) -> str:
    """Return the mean deviations of colours, weighted by opacity, and of alpha; nothing without a reference."""
    if not reference.exists():
        return ""
    ours, theirs = (np.asarray(Image.open(path).convert("RGBA")).astype(float) for path in (made, reference))
    if ours.shape != theirs.shape:
        return f"{ours.shape[1]} x {ours.shape[0]}, not {theirs.shape[1]} x {theirs.shape[0]}"
    opacity = np.minimum(ours[..., 3:], theirs[..., 3:]) / 255
    colours = (np.abs(ours[..., :3] - theirs[..., :3]) * opacity).mean()
    return f"{colours:.1f} · {np.abs(ours[..., 3] - theirs[..., 3]).mean():.1f}"


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    chosen = Path(sys.argv[1])
    pictures = sorted(path for path in chosen.rglob("*") if path.is_file() and "ref" not in path.parts)
    asyncio.run(main(chosen, pictures))
