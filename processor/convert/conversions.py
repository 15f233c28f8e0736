"""Plans the inputs of `icecube convert`, and the place of each result."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.formats import ImageFormat
from processor.convert.errors import ConversionError, printable
from processor.convert.outcomes import Failed
from processor.convert.sources import Source, find_sources
from processor.convert.suffixes import format_named_by, without_suffix

STDOUT = "-"
_PROCESSED = "_processed"


@dataclass(frozen=True, slots=True)
class Conversion:
    """One input and the place of its result: *output* as it was named, or a default name without its suffix.

    No *output* is standard output.
    """

    source: Source
    output: Path | None
    is_named: bool = False

    def target(self, made: ImageFormat) -> Path | None:
        """Return the path of a result in the format *made*; raise `ConversionError` if there is no name for it.

        A default name that is the input's own becomes NAME_processed.
        """
        if self.output is None or self.is_named:
            return self.output
        target = self.output.with_name(f"{self.output.name}.{made.value}")
        if not self._is_the_source(target):
            return target
        if self.output.name.endswith(_PROCESSED):
            message = f"{printable(self.source.name)}: would be overwritten; name another file with -output"
            raise ConversionError(message)
        return self.output.with_name(f"{self.output.name}{_PROCESSED}.{made.value}")

    def _is_the_source(self, target: Path) -> bool:
        try:
            return not self.source.is_stream and target.samefile(self.source.path)
        except OSError:
            return False


def plan(arguments: Sequence[str], output: str | None) -> list[Conversion | Failed]:
    """Return the conversions and the failures, in the order given.

    Raises `ConversionError` if there is no work at all, or *output* cannot hold it.
    """
    if not arguments:
        message = "no input: name a file or a folder, or - for standard input"
        raise ConversionError(message)
    if output == "":
        message = "-output: must not be empty"
        raise ConversionError(message)
    folder = output if output is not None and _names_a_folder(output) else None
    found = find_sources(arguments, outside=folder)
    if not found:
        message = f"no pictures in {', '.join(printable(argument) for argument in arguments)}"
        raise ConversionError(message)
    holds_one = len(arguments) == 1 and not _is_folder(arguments[0])
    planned = [
        source if isinstance(source, Failed) else _conversion(source, output, folder, holds_one=holds_one)
        for source in found
    ]
    if sum(isinstance(one, Conversion) and one.output is None for one in planned) > 1:
        message = "standard output holds one result: name a folder with -output"
        raise ConversionError(message)
    return planned


def format_asked_for(output: str | None) -> ImageFormat | None:
    """Return the format of *output*'s suffix, if any; raise `ConversionError` for one that is not written."""
    if output is None or is_standard_output(output) or _names_a_folder(output):
        return None
    return format_named_by(Path(output))


def is_standard_output(output: str) -> bool:
    """Say whether *output* is standard output: `-`, /dev/stdout, or the file behind it."""
    if output == STDOUT:
        return True
    try:
        return os.path.samestat(Path(output).stat(), os.fstat(1))
    except OSError:
        return False


def _conversion(source: Source, output: str | None, folder: str | None, *, holds_one: bool) -> Conversion:
    if folder is not None:
        if source.name == "-":
            message = "standard input has no name to give to a file in a folder: name the file with -output"
            raise ConversionError(message)
        return Conversion(source, Path(folder) / without_suffix(source.place))
    if output is None:
        return Conversion(source, None if source.is_stream else without_suffix(source.path))
    if is_standard_output(output):
        return Conversion(source, None)
    if holds_one:
        return Conversion(source, Path(output), is_named=True)
    if os.path.lexists(output):
        message = f"{printable(output)}: must be a folder to hold several results"
        raise ConversionError(message)
    return Conversion(source, Path(output) / without_suffix(source.place))


def _names_a_folder(output: str) -> bool:
    return output.endswith((os.sep, f"{os.sep}.")) or output in {".", ".."} or _is_folder(output)


def _is_folder(name: str) -> bool:
    return os.path.isdir(name)  # noqa: PTH112 - Path.is_dir raises where this says no
