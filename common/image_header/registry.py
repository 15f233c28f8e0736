"""The header reader of each format: the module here that has the format's name."""

import re
from importlib import import_module

from common.formats import ImageFormat
from common.image_header.bounded_file import BoundedFile, SeekableFile
from common.image_header.reader import UNREAD, HeaderReader, Size, refuse

HEAD_BYTES = 4096
"""How much of a file is examined: enough for the comments that may precede an SVG's root."""

_FRAME_READS, _FRAME_BYTES = 65_536, 64 * 1024 * 1024
"""Only a GIF is read whole for its frames, as it says nowhere how many they are."""


def _reader_of(image_format: ImageFormat) -> HeaderReader:
    reader: HeaderReader = import_module(f"{__package__}.{image_format.value}").READER
    return reader


READERS: dict[ImageFormat, HeaderReader] = {known: _reader_of(known) for known in ImageFormat}


def known_format(head: bytes) -> ImageFormat | None:
    """Return the format of a file that begins with *head*, its first `HEAD_BYTES`; None if we cannot read it."""
    beginning = (known for known, reader in READERS.items() if re.match(reader.signature, head, re.DOTALL))
    return next(beginning, None)


def dimensions(image_format: ImageFormat, file: BoundedFile) -> Size:
    """Return width and height as stored, not 0; raise `DamagedHeaderError`."""
    width, height = READERS[image_format].size(file)
    if width < 1 or height < 1:
        refuse("it cannot be read" if (width, height) == UNREAD else "it gives the image no width or no height")
    return width, height


def count_frames(image_format: ImageFormat, file: SeekableFile) -> int:
    """Return how many frames *file* has that belong together, or says to have; 1 where it is too odd to tell."""
    return max(1, READERS[image_format].frames(BoundedFile(file, _FRAME_READS, _FRAME_BYTES)))
