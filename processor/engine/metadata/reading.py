"""Reads an original's metadata as libvips' loaders hand it out."""

import pyvips

from processor.engine.metadata import Metadata
from processor.engine.metadata.exif import without_prefix
from processor.engine.metadata.iptc import PHOTOSHOP


def metadata_of(image: pyvips.Image) -> Metadata:
    """Return the metadata of *image*, as its file had it."""
    exif, xmp, iptc = (_field(image, name) for name in ("exif-data", "xmp-data", "iptc-data"))
    return Metadata(
        exif=without_prefix(exif) if exif else None,
        xmp=xmp or None,
        iptc=iptc.removeprefix(PHOTOSHOP) if iptc else None,
    )


def _field(image: pyvips.Image, name: str) -> bytes:
    return bytes(image.get(name)) if image.get_typeof(name) else b""
