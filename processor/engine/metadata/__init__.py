"""What a file says of its picture beside the pixels: read from an original, made true of a variant."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metadata:
    """EXIF as a TIFF block, XMP, and IPTC within Photoshop's resources ("8BIM"); None where there is none.

    The colour profile is not here: it belongs to the pixels.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None


NOTHING = Metadata()
