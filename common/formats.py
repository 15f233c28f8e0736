"""The image formats Icecube reads and writes."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

FormatName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]{0,31}$", examples=["jpeg"])]
"""A format on the wire and in rows, which a later release may have written: safe in headers and file names."""


class ImageFormat(StrEnum):
    """A format by its wire name, which is also its media subtype and its file extension."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"
    GIF = "gif"
    TIFF = "tiff"


WRITTEN_AS: dict[ImageFormat, ImageFormat] = {
    ImageFormat.JPEG: ImageFormat.JPEG,
    ImageFormat.PNG: ImageFormat.PNG,
    ImageFormat.WEBP: ImageFormat.WEBP,
    ImageFormat.AVIF: ImageFormat.AVIF,
    ImageFormat.GIF: ImageFormat.WEBP,  # keeps every frame
    ImageFormat.TIFF: ImageFormat.PNG,  # keeps transparency
}
"""What a variant is written as when its options name no format: the original's, where we can write it."""

OUTPUT_FORMATS = frozenset(WRITTEN_AS.values())
"""The formats a variant can be asked for."""


def media_type(format_name: str) -> str:
    """Return the IANA media type of a format, as sent in `Content-Type`."""
    return f"image/{format_name}"
