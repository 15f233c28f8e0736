"""Finds the inputs of a run: files, folders of images, and streams."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from processor.convert.errors import explain, printable
from processor.convert.outcomes import Failed
from processor.convert.suffixes import is_picture

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """One input, by the name its user knows. *place* is the place of its result within an output folder."""

    name: str
    place: Path
    is_stream: bool

    @property
    def path(self) -> Path:
        """The path of the file; standard input has none."""
        return Path(self.name)


def find_sources(arguments: Sequence[str], *, outside: str | None = None) -> list[Source | Failed]:
    """Return the input or the inputs behind each argument, each once, in the order given; folders in order of name.

    An unreadable input is a failure of its own. The folder *outside*, for the results, is not searched.
    """
    found: dict[str, Source | Failed] = {}
    for argument in arguments:
        for source in _sources_of(argument, outside):
            name = source.name if isinstance(source, Source) else source.source
            found.setdefault(name if name == STDIN else str(Path(name).absolute()), source)
    return list(found.values())


def _sources_of(argument: str, outside: str | None) -> Iterator[Source | Failed]:
    if argument == STDIN:
        yield Source(STDIN, Path(STDIN), is_stream=True)
        return
    try:
        mode = _mode(argument)
    except OSError as exc:
        reason = "no such file" if isinstance(exc, FileNotFoundError) else explain(exc)
        yield Failed(argument, f"{printable(argument) or 'an empty name'}: {reason}")
        return
    if stat.S_ISDIR(mode):
        yield from _within(argument, outside)
    else:
        yield Source(argument, Path(Path(argument).name), is_stream=not stat.S_ISREG(mode))


def _within(folder: str, outside: str | None) -> Iterator[Source | Failed]:
    unreadable: list[OSError] = []
    for parent, folders, files in os.walk(folder, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if not _is_same(Path(parent, name), outside))
        for name in sorted(files):
            path = Path(parent, name)
            if is_picture(name) and _is_file(path):  # no FIFO that merely lies there, no broken link
                yield Source(str(path), path.relative_to(folder), is_stream=False)
    for error in unreadable:
        name = os.fspath(error.filename)
        yield Failed(name, f"{printable(name)}: {explain(error)}")


def _mode(name: str) -> int:
    if not name:  # Path would take it for the current folder
        raise FileNotFoundError
    return Path(name).stat().st_mode


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where this says no


def _is_same(path: Path, other: str | None) -> bool:
    try:
        return other is not None and path.samefile(other)
    except OSError:
        return False
