"""Which files `icecube convert` works on, and where each result goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.formats import ImageFormat, format_of_suffix

_PICTURE_SUFFIXES = frozenset(suffix for known in ImageFormat for suffix in known.suffixes)


class ConversionError(Exception):
    """This cannot be converted as asked; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """One file to convert. *output* is final only when *output_is_exact*: else the suffix follows the format."""

    source: Path
    output: Path
    output_is_exact: bool

    def target(self, made: ImageFormat) -> Path:
        """Return the path of the result; raise `ConversionError` where that would overwrite the source."""
        target = self.output if self.output_is_exact else self.output.with_suffix(f".{made.value}")
        if target.exists() and target.samefile(self.source):
            message = f"{self.source}: would be overwritten; name another file with -output"
            raise ConversionError(message)
        return target


def plan(inputs: Sequence[Path], output: Path | None) -> list[Conversion]:
    """Return what to convert; raise `ConversionError` when nothing is, or *output* cannot hold it."""
    if not inputs:
        message = "no input: name a file or a folder"
        raise ConversionError(message)
    if len(inputs) == 1 and inputs[0].is_file() and output is not None and not output.is_dir():
        return [Conversion(inputs[0], output, output_is_exact=True)]
    if output is not None and output.exists() and not output.is_dir():
        message = f"{output}: must be a folder to hold several results"
        raise ConversionError(message)
    planned = [conversion for path in inputs for conversion in _within(path, output)]
    if not planned:
        message = f"no pictures in {', '.join(str(path) for path in inputs)}"
        raise ConversionError(message)
    return planned


def format_named_by(output: Path | None) -> ImageFormat | None:
    """Return the format that the suffix of *output* asks for, if any."""
    known = None if output is None or output.is_dir() else format_of_suffix(output.suffix)
    return known if known is not None and known.is_written else None


def _within(path: Path, folder: Path | None) -> list[Conversion]:
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in _PICTURE_SUFFIXES and file.is_file())
        return [_conversion(file, folder and folder / file.relative_to(path)) for file in files]
    if not path.exists():
        message = f"{path}: no such file"
        raise ConversionError(message)
    return [_conversion(path, folder and folder / path.name)]


def _conversion(source: Path, output: Path | None) -> Conversion:
    return Conversion(source, output or source, output_is_exact=False)
