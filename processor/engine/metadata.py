"""Makes what is kept of the metadata true of the finished picture."""

import re

import pyvips

from processor.engine.codecs.png_iptc import PNG_IPTC_KEYWORD, iptc_from_png_text

KEPT = "all"
"""libvips' word for: write every kind of metadata that the format can carry."""
_XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation\s*(?:=\s*["']|>\s*))[2-8]""")


def update_metadata(image: pyvips.Image) -> pyvips.Image:
    """Return *image* without the thumbnail of what it was, and with every orientation tag saying upright."""
    image = image.copy()
    if image.get_typeof("jpeg-thumbnail-data"):
        image.remove("jpeg-thumbnail-data")
    if image.get_typeof("xmp-data"):
        xmp = _XMP_ORIENTATION.sub(rb"\g<1>1", bytes(image.get("xmp-data")))
        image.set_type(pyvips.GValue.blob_type, "xmp-data", xmp)
    return _add_iptc_of_png(image)


def _add_iptc_of_png(image: pyvips.Image) -> pyvips.Image:
    field = next((name for name in image.get_fields() if name.endswith(PNG_IPTC_KEYWORD)), None)
    if field is None:
        return image
    image.set_type(pyvips.GValue.blob_type, "iptc-data", iptc_from_png_text(image.get(field)))
    image.remove(field)
    return image
