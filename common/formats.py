"""The image formats Icecube reads and writes."""

from enum import StrEnum


class ImageFormat(StrEnum):
    """A format by its wire name, which is also its media subtype and its file extension."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"
    GIF = "gif"
    TIFF = "tiff"

    @property
    def media_type(self) -> str:
        """The IANA media type, as sent in `Content-Type`."""
        return f"image/{self.value}"


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
