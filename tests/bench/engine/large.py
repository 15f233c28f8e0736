"""Measures the engine on large and odd pictures, each in new processes with a task's default memory and time."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyvips
from PIL import Image

from tests.unit.processor.engine.drawn import Drawn, as_apng, as_gif

_QUALITY = 80


def _photo(path: Path, width: int, height: int, *, bands: int = 3, **options: int) -> None:
    """Write waves of all lengths with a little noise, about as hard to encode as a photo."""
    waves = [pyvips.Image.zone(width, height, uchar=True).rot180(), pyvips.Image.grey(width, height, uchar=True)]
    noise = pyvips.Image.gaussnoise(width, height, mean=0, sigma=4, seed=1)
    colours = [(waves[band % 2] * (0.9 - band / 5) + noise).cast("uchar") for band in range(bands)]
    colours[0].bandjoin(colours[1:]).copy(interpretation="srgb").write_to_file(str(path), **options)


def _frames(path: Path, write: Callable[..., bytes]) -> None:
    frames = [
        Drawn(np.full((60, 80, 4), (number * 37 % 256, number // 4, 30, 255), np.uint8)) for number in range(1000)
    ]
    path.write_bytes(write(frames, 80, 60))


def _grey(path: Path, mode: str) -> None:
    ramp = np.tile(np.linspace(0, 255, 4000).round().astype(np.uint8), (3000, 1))
    deep = Image.fromarray(ramp.astype(np.uint16) * 257)
    (deep if mode == "I;16" else Image.fromarray(ramp).convert(mode)).save(path, compress_level=1)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is measured, the suffix of its file, what writes that, and the formats and sizes asked for."""

    name: str
    suffix: str
    write: Callable[[Path], None]
    targets: tuple[str, ...] = ("jpeg", "webp", "png", "avif")
    longest: int = 0


_KINDS = (
    _Kind("24 megapixels", "jpeg", lambda path: _photo(path, 6000, 4000)),
    _Kind("24 megapixels, transparent", "png", lambda path: _photo(path, 6000, 4000, bands=4, compression=1)),
    _Kind("50 megapixels", "jpeg", lambda path: _photo(path, 8660, 5773)),
    _Kind("50 megapixels, transparent", "png", lambda path: _photo(path, 8660, 5773, bands=4, compression=1)),
    _Kind("100 megapixels", "jpeg", lambda path: _photo(path, 12240, 8160), ("jpeg", "webp", "png")),
    _Kind("1 x 16000", "png", lambda path: _photo(path, 1, 16000)),
    _Kind("1 x 16000 to 1", "png", lambda path: _photo(path, 1, 16000), longest=1),
    _Kind("12 megapixels, 1 bit", "png", lambda path: _grey(path, "1")),
    _Kind("12 megapixels, 16 bits", "png", lambda path: _grey(path, "I;16")),
    _Kind("12 megapixels, palette", "png", lambda path: _grey(path, "P")),
    _Kind("12 megapixels, grey and alpha", "png", lambda path: _grey(path, "LA")),
    _Kind("1000 frames of 80 x 60, GIF", "gif", lambda path: _frames(path, as_gif), ("webp",)),
    _Kind("1000 frames of 80 x 60, APNG", "png", lambda path: _frames(path, as_apng), ("webp",)),
)


def large_table() -> str:
    """Return a row for each kind and format."""
    rows = [
        "| picture | format | seconds | peak MB | bytes |",
        "|---|---|--:|--:|--:|",
    ]
    for kind in _KINDS:
        with TemporaryDirectory() as folder:
            original = Path(folder, f"original.{kind.suffix}")
            kind.write(original)
            rows += [f"| {kind.name} | {one} | {_measured(original, one, kind.longest)} |" for one in kind.targets]
    return "\n".join([*rows, ""])


def _measured(original: Path, target: str, longest: int) -> str:
    """Return the seconds, the most that a process held, and the bytes, or why there are none."""
    output = original.with_name(f"variant.{target}")
    arguments = ["engine", 1, original, output, target, longest, _QUALITY]
    command = [sys.executable, "-m", "tests.bench.engine.contender", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        return f" | | {result.stderr.strip().splitlines()[-1]}"
    took: dict[str, float] = json.loads(result.stdout)
    return f"{took['wall']:.1f} | {took['megabytes']:.0f} | {output.stat().st_size:,}"


if __name__ == "__main__":
    sys.stdout.write(large_table())
