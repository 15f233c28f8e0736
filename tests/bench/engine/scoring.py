"""How much a variant looks like the picture it was made from."""

import io
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageCms, ImageOps
from ssimulacra2 import compute_ssimulacra2

_GREY = (128, 128, 128)


def write_reference(original: Path, side: int, reference: Path) -> None:
    """Write *original* upright, in sRGB and at its size, by Pillow: whose resize no contender shares but Pillow."""
    with Image.open(original) as image:
        upright = ImageOps.exif_transpose(image)
        icc = image.info.get("icc_profile")
    shown = _on_grey(upright)
    if icc:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        converted = ImageCms.profileToProfile(shown, profile, ImageCms.createProfile("sRGB"))
        shown = converted or shown
    if max(shown.size) > side:
        width, height = (max(1, round(length * side / max(shown.size))) for length in shown.size)
        shown = shown.resize((width, height), Image.Resampling.LANCZOS)
    shown.save(reference)


def score(reference: Path, variant: Path) -> float:
    """Return the SSIMULACRA2 score: 100 is the same, 90 cannot be told apart, 70 is high quality, 50 middling."""
    with TemporaryDirectory() as folder, Image.open(variant) as image, Image.open(reference) as size_of:
        shown = Path(folder) / "shown.png"
        flat = _on_grey(image)
        (flat if flat.size == size_of.size else flat.resize(size_of.size)).save(shown)
        return float(compute_ssimulacra2(str(reference), str(shown)))


def bytes_at(wanted: float, curve: Sequence[tuple[float, int]]) -> float:
    """Return the bytes at which *curve*, of scores and bytes, reaches *wanted*; beyond its ends, those of its end."""
    points = sorted(curve)
    for (low, fewer), (high, more) in pairwise(points):
        if low <= wanted <= high and high > low:
            share = (wanted - low) / (high - low)
            return math.exp(math.log(fewer) + share * (math.log(more) - math.log(fewer)))
    return points[0][1] if wanted < points[0][0] else points[-1][1]


def _on_grey(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    canvas = Image.new("RGB", clear.size, _GREY)
    canvas.paste(clear, mask=clear.getchannel("A"))
    return canvas
