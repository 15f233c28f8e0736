"""Writes what a child has made, and looks at it here: nothing that a child says of a file is believed."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from common.formats import OUTPUT_FORMATS
from common.image_header import DamagedHeaderError, ImageHeader
from common.image_header.reading import read_image_header
from common.options.geometry import MAX_SIDE_PIXELS
from common.options.variant import VariantOptions
from processor.engine import MadeVariant, VariantRequest
from processor.pool.answers import Variant
from processor.pool.losses import BadAnswerError

MAX_VARIANT_BYTES = 1024 * 1024 * 1024

Pour = Callable[[int, Callable[[memoryview], object]], None]
"""Gives a function so many bytes, piece by piece."""


def write_variant(told: Variant, request: VariantRequest, pour: Pour) -> MadeVariant:
    """Write the bytes that follow *told* to the file that was asked for; raise `BadAnswerError` for no such image."""
    if told.byte_size > MAX_VARIANT_BYTES:
        message = f"a variant of {told.byte_size} bytes"
        raise BadAnswerError(message)
    with _new_file(request.output) as file:
        pour(told.byte_size, file.write)
        header = _checked_header(file, request.options)
        _check_name(file, request.output)
    return MadeVariant(
        request.output,
        header.format,
        header.width,
        header.height,
        told.byte_size,
        told.frames,
        told.original_frames,
        told.picture_seconds,
        told.encode_seconds,
    )


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that was not there before, under no other name, and reached through no link."""
    try:
        file = path.open("x+b")
    except FileExistsError:  # of a run that was killed
        path.unlink()
        file = path.open("x+b")
    with file:
        yield file


def _checked_header(file: BinaryIO, options: VariantOptions) -> ImageHeader:
    try:
        header = read_image_header(file)
    except DamagedHeaderError as exc:
        message = f"a variant that is no image: {exc}"
        raise BadAnswerError(message) from exc
    longest = min(options.max_dimension or MAX_SIDE_PIXELS, MAX_SIDE_PIXELS)
    wanted = OUTPUT_FORMATS if options.format is None else {options.format}
    if header.format not in wanted or max(header.width, header.height) > longest:
        message = f"{header}, where {options} were asked for"
        raise BadAnswerError(message)
    return header


def _check_name(file: BinaryIO, path: Path) -> None:
    """Raise `BadAnswerError` when *path* leads elsewhere by now: without Landlock a child could have replaced it."""
    found, own = path.lstat(), os.fstat(file.fileno())
    if (found.st_dev, found.st_ino, found.st_nlink) != (own.st_dev, own.st_ino, 1):
        message = f"{path.name} was replaced"
        raise BadAnswerError(message)
