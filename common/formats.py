"""The image formats Icecube reads and writes: their names, their files' suffixes, and which can be written."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self


class ImageFormat(StrEnum):
    """A format by its wire name, which is also its media subtype."""

    label: str
    """The name as people write it."""
    suffixes: tuple[str, ...]
    """The suffixes of its files, in lower case, with the dot."""
    _written_as: str
    """The wire name of the format that variants get if their options name none: its own, if we can write it."""

    JPEG = "jpeg", "JPEG", (".jpeg", ".jpg"), "jpeg"
    PNG = "png", "PNG", (".png",), "png"
    WEBP = "webp", "WebP", (".webp",), "webp"
    AVIF = "avif", "AVIF", (".avif",), "avif"
    GIF = "gif", "GIF", (".gif",), "webp"  # keeps every frame
    TIFF = "tiff", "TIFF", (".tiff", ".tif"), "png"  # keeps transparency

    # The defaults are for type checkers, to which the look-up `ImageFormat("png")` is a call of this.
    def __new__(cls, name: str, label: str = "", suffixes: tuple[str, ...] = (), written_as: str = "") -> Self:
        """Make the member that is the string *name*."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.label = label
        member.suffixes = suffixes
        member._written_as = written_as  # noqa: SLF001 - its own
        return member

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other accepted names, such as jpg."""
        names = (suffix.removeprefix(".") for suffix in self.suffixes)
        return tuple(name for name in names if name != self.value)

    @property
    def written_as(self) -> "ImageFormat":
        """The format of a variant whose options name none."""
        return ImageFormat(self._written_as)

    @property
    def is_written(self) -> bool:
        """Whether variants can have this format."""
        return self._written_as == self.value


OUTPUT_FORMATS = tuple(known for known in ImageFormat if known.is_written)
"""The formats that variants can have."""


def media_type(format_name: str) -> str:
    """Return the IANA media type of a format, as sent in `Content-Type`."""
    return f"image/{format_name}"


def format_of_suffix(suffix: str) -> ImageFormat | None:
    """Return the format whose files end in *suffix*, such as `.jpg`."""
    return next((known for known in ImageFormat if suffix.lower() in known.suffixes), None)


def output_format_named(name: str) -> ImageFormat | None:
    """Return the output format with this *name* or alias; None if there is none."""
    return next((known for known in OUTPUT_FORMATS if name in {known.value, *known.aliases}), None)


def enumerate_formats(names: Iterable[str]) -> str:
    """Return *names* as a list in a sentence: `jpeg, png or webp`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
