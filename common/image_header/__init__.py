"""Reads an image's format and size from its header, within bounds, by code that decodes nothing."""

from dataclasses import dataclass

from common.formats import ImageFormat


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The contents of a header: the format by its first bytes, width and height in pixels as stored, unrotated.

    *frames* is 1 where nobody has counted them.
    """

    format: ImageFormat
    width: int
    height: int
    frames: int = 1


class DamagedHeaderError(Exception):
    """The header cannot be read; the message is a sentence for the file's owner."""


class UnsupportedImageError(Exception):
    """The file has a feature we cannot read, such as a rare compression; the message is a sentence for its owner."""

    def __init__(self, image_format: ImageFormat, feature: str) -> None:
        super().__init__(f"{image_format.label} files with {feature} cannot be read.")
