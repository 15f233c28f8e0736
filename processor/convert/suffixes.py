"""Maps file suffixes to formats."""

from mimetypes import MimeTypes
from pathlib import Path

from common.formats import OUTPUT_FORMATS, ImageFormat, enumerate_formats, format_of_suffix
from processor.convert.errors import ConversionError, printable

_RARE_SPELLINGS = {".jpe": ImageFormat.JPEG, ".jfif": ImageFormat.JPEG}
"""Suffixes only: no client requests a jfif."""

_NOT_OURS = frozenset(
    [".apng", ".bmp", ".dng", ".heic", ".heif", ".ico", ".j2k", ".jp2", ".jxl", ".pdf", ".ppm", ".psd", ".svg", ".tga"]
)


_KNOWN_KINDS = MimeTypes()
"""Python's own table, without what the system adds to it."""


def is_picture(name: str) -> bool:
    """Say whether a file of this name is an image that can be read."""
    return _format_of(Path(name)) is not None


def without_suffix(path: Path) -> Path:
    """Return *path* without the suffix of an image; any other dot belongs to the name."""
    return path.with_suffix("") if _format_of(path) or path.suffix.lower() in _NOT_OURS else path


def format_named_by(output: Path) -> ImageFormat | None:
    """Return the format of *output*'s suffix, None for an unknown one.

    Raises `ConversionError` for the suffix of a format that is not written, be it an image's or x.tar.gz.
    """
    suffix = output.suffix.lower()
    named = _format_of(output)
    if (named is None and _means_something_else(output)) or (named and not named.is_written):
        known = enumerate_formats(OUTPUT_FORMATS)
        message = f"{printable(str(output))}: {suffix[1:]} cannot be written, only {known}"
        raise ConversionError(message)
    return named


def _means_something_else(output: Path) -> bool:
    """Say whether the suffix stands for a known kind of file; others, such as .tmp, say nothing of the content."""
    kind, compression = _KNOWN_KINDS.guess_type(f"x{output.suffix.lower()}")
    is_known = kind not in {None, "application/octet-stream"} or compression is not None
    return is_known or output.suffix.lower() in _NOT_OURS


def _format_of(path: Path) -> ImageFormat | None:
    return format_of_suffix(path.suffix) or _RARE_SPELLINGS.get(path.suffix.lower())
