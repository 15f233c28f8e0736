"""What an image's first bytes tell: its format and size, read within bounds by code that decodes nothing."""

from dataclasses import dataclass

from common.formats import ImageFormat


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What the header says: the format by its first bytes, width and height in pixels as stored, unrotated."""

    format: ImageFormat
    width: int
    height: int


class DamagedHeaderError(Exception):
    """The header cannot be read; the message is a sentence for the file's owner."""


class UnsupportedImageError(Exception):
    """The file uses what is not read here, such as a rare compression; the message is a sentence for its owner."""

    def __init__(self, image_format: ImageFormat, feature: str) -> None:
        super().__init__(f"{image_format.label} files with {feature} cannot be read.")
