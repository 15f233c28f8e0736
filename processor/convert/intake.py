"""Copies inputs to the work folder under plain names: some libraries fail on unusual file names."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from processor.convert.errors import ConversionError, explain, printable
from processor.convert.sources import STDIN, Source

LARGEST_BYTES = 1 << 30
"""A stream may be endless, and a sparse file huge: neither may fill the disk."""

_COPY_BYTES = 1 << 20


def take_in(source: Source, copy: Path) -> int:
    """Copy *source* to *copy* and return its size; raise `ConversionError` if it cannot be read or is too large.

    Image processes see only this copy, never the folders of the inputs.
    """
    try:
        with _open(source) as reader, copy.open("xb") as writer:
            return _copy(reader, writer)
    except OSError as exc:
        message = f"{shown_name(source)}: {explain(exc)}"
        raise ConversionError(message) from exc
    except _TooLargeError as exc:
        message = f"{shown_name(source)}: is larger than {LARGEST_BYTES >> 30} GiB"
        raise ConversionError(message) from exc


def shown_name(source: Source) -> str:
    """Return the name of *source* in messages."""
    return "standard input" if source.name == STDIN else printable(source.name)


class _TooLargeError(Exception):
    pass


@contextmanager
def _open(source: Source) -> Iterator[BinaryIO]:
    if source.name != STDIN:
        with source.path.open("rb", buffering=0) as reader:
            yield reader
        return
    if sys.stdin.isatty():
        message = "standard input: is a terminal, not a picture"
        raise ConversionError(message)
    with os.fdopen(os.dup(0), "rb", buffering=0) as reader:
        yield reader


def _copy(reader: BinaryIO, writer: BinaryIO) -> int:
    size = 0
    while chunk := reader.read(_COPY_BYTES):
        size += len(chunk)
        if size > LARGEST_BYTES:
            raise _TooLargeError
        writer.write(chunk)
    return size
