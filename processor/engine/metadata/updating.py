"""Makes what is kept of the metadata true of a variant."""

from processor.engine.geometry.sizes import Size
from processor.engine.metadata import NOTHING, Metadata
from processor.engine.metadata.exif import update_exif
from processor.engine.metadata.iptc import as_xmp, update_iptc
from processor.engine.metadata.xmp import update_xmp


def updated(metadata: Metadata, size: Size, *, media_type: str, is_srgb: bool, keeps_iptc: bool) -> Metadata:
    """Return *metadata* as it is true of an upright picture of *size* in a file of *media_type*.

    What cannot be read is left out. *is_srgb*: its colours were brought to sRGB. Where a format keeps no IPTC, XMP
    tells what that said.
    """
    if metadata == NOTHING:
        return NOTHING
    xmp = None if metadata.xmp is None else update_xmp(metadata.xmp, size, media_type=media_type, is_srgb=is_srgb)
    iptc = None if metadata.iptc is None else update_iptc(metadata.iptc)
    return Metadata(
        exif=None if metadata.exif is None else update_exif(metadata.exif, size, is_srgb=is_srgb),
        xmp=xmp if keeps_iptc or iptc is None else as_xmp(iptc, xmp),
        iptc=iptc if keeps_iptc else None,
    )
