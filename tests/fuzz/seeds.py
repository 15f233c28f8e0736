"""Sound files of every accepted format, with what their decoders find interesting, for mutations to start from."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms
from skimage import data

_SRGB, _LAB = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
_LAYERED = Path(__file__).parents[1] / "unit" / "processor" / "engine" / "files" / "layered.avif"


def seeds() -> dict[str, bytes]:
    """Return small files by a name that starts with their format."""
    photo = Image.fromarray(data.chelsea()[:150, :200])  # type: ignore[no-untyped-call]  # scikit-image is typed in part
    clear = photo.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(photo.size))
    frames = [photo.rotate(angle) for angle in (0, 30, 60)]
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "Ada Lovelace"
    motion: dict[str, Any] = {"save_all": True, "append_images": frames[1:], "duration": 90}
    wide = Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16)
    return {
        "jpeg": _saved(photo, "jpeg", exif=exif, xmp=b"<x:xmpmeta/>"),
        "jpeg progressive": _saved(photo, "jpeg", progressive=True),
        "jpeg cmyk": _saved(photo.convert("CMYK"), "jpeg"),
        "jpeg grey": _saved(photo.convert("L"), "jpeg", restart_marker_rows=1),
        "png": _saved(photo, "png", exif=exif),
        "png palette": _saved(photo.quantize(64), "png"),
        "png clear": _saved(clear, "png"),
        "png animated": _saved(frames[0], "png", **motion),
        "png 16 bit": _saved(wide, "png"),
        "webp": _saved(photo, "webp", exif=exif),
        "webp lossless": _saved(clear, "webp", lossless=True),
        "webp animated": _saved(frames[0], "webp", **motion),
        "gif": _saved(photo, "gif"),
        "gif animated": _saved(frames[0], "gif", **motion),
        "tiff": _saved(photo, "tiff"),
        "tiff lzw": _saved(clear, "tiff", compression="tiff_lzw"),
        "tiff jpeg": _saved(photo, "tiff", compression="jpeg"),
        "tiff lab": _saved(ImageCms.profileToProfile(photo, _SRGB, _LAB, outputMode="LAB"), "tiff"),
        "avif": _saved(photo, "avif", exif=exif),
        "avif clear": _saved(clear, "avif"),
        "avif layered": _LAYERED.read_bytes(),
    }


def _saved(image: Image.Image | None, image_format: str, **options: Any) -> bytes:
    assert image is not None
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()
