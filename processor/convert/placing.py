"""Writes results to their places: whole or not at all, and never over files that must stay."""

import os
import secrets
import shutil
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from processor.convert.conversions import Conversion
from processor.convert.errors import ConversionError, ExistsError, explain, printable
from processor.convert.sources import Source

_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Policy:
    """What happens to an existing file of a default name: it is left alone, replaced, or skipped."""

    overwrite: bool = False
    skip_existing: bool = False


class Placing:
    """The places of one run: no result overwrites an input or another result.

    Files are identified by device and inode, to recognise links, and names that are equal to the file system.
    Safe to use from several threads.
    """

    def __init__(self, sources: Iterable[Source], policy: Policy) -> None:
        self._policy = policy
        statuses = (_status(source.path) for source in sources if not source.is_stream)
        self._inputs = {_identity(status) for status in statuses if status is not None}
        self._made: set[tuple[int, int]] = set()
        self._lock = threading.Lock()

    def check(self, conversion: Conversion, target: Path | None) -> None:
        """Raise `ConversionError` if no result may go to *target*: `ExistsError` if it is to be skipped."""
        name = _name(target)
        status = _status(target)
        if status is None:
            if target is not None and target.is_symlink() and not self._replaces(conversion):
                self._refuse_existing(target)
            return
        if _identity(status) in self._inputs:
            message = f"{name}: would be overwritten, and is an input of this run; name another file with -output"
            raise ConversionError(message)
        if _identity(status) in self._made:
            message = f"{name}: another input already became this file"
            raise ConversionError(message)
        if target is None:
            return
        if not self._replaces(conversion):
            self._refuse_existing(target)
        _refuse_kind(name, status, may_stream=conversion.is_named)

    def put(self, result: Path, conversion: Conversion, target: Path) -> None:
        """Copy *result* to *target* in one visible step; raise `ConversionError`.

        A link to a file stays a link: the file behind it is replaced.
        """
        place = Path(os.path.realpath(target))
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with _draft(result, place) as draft, self._lock:
                self.check(conversion, target)
                identity = _identity(draft.stat())
                self._publish(draft, place, conversion, target)
                self._made.add(identity)
        except OSError as exc:
            message = f"{_name(target)}: {explain(exc)}"
            raise ConversionError(message) from exc

    def _publish(self, draft: Path, place: Path, conversion: Conversion, target: Path) -> None:
        if self._replaces(conversion):
            draft.replace(place)
            return
        try:
            _link_or_reserve(draft, place)
        except FileExistsError:  # it was created since the check
            self._refuse_existing(target)

    def _replaces(self, conversion: Conversion) -> bool:
        return not self._policy.skip_existing and (conversion.is_named or self._policy.overwrite)

    def _refuse_existing(self, target: Path) -> None:
        if self._policy.skip_existing:
            raise ExistsError(target)
        advice = "--overwrite replaces it, --skip-existing passes over it"
        message = f"{_name(target)}: exists already and is left alone; {advice}"
        raise ConversionError(message)


def is_stream(target: Path | None) -> bool:
    """Say whether *target* is a stream: standard output, or anything but a regular file."""
    status = _status(target)
    return target is None or (status is not None and not stat.S_ISREG(status.st_mode))


def write_stream(result: Path, target: Path | None) -> None:
    """Write *result* to a stream; raise `ConversionError` if that fails. Waits for a reader."""
    flags = os.O_WRONLY | os.O_NOCTTY
    try:
        descriptor = os.dup(1) if target is None else os.open(target, flags)
        with result.open("rb") as reader, os.fdopen(descriptor, "wb") as writer:
            shutil.copyfileobj(reader, writer, _COPY_BYTES)
    except OSError as exc:
        message = f"{_name(target)}: {explain(exc)}"
        raise ConversionError(message) from exc


def _refuse_kind(name: str, status: os.stat_result, *, may_stream: bool) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind == stat.S_IFDIR:
        message = f"{name}: is a folder"
        raise ConversionError(message)
    if kind != stat.S_IFREG and not (may_stream and kind in {stat.S_IFIFO, stat.S_IFCHR}):
        message = f"{name}: is no regular file"
        raise ConversionError(message)


def _status(target: Path | None) -> os.stat_result | None:
    try:
        return os.fstat(1) if target is None else target.stat()
    except FileNotFoundError:
        return None
    except OSError as exc:
        message = f"{_name(target)}: {explain(exc)}"
        raise ConversionError(message) from exc


@contextmanager
def _draft(result: Path, place: Path) -> Iterator[Path]:
    """Yield a copy of *result* beside *place*, with the permissions of the file it replaces; remove it at the end."""
    draft = place.with_name(f".icecube-{secrets.token_hex(8)}")  # short: a name may be as long as names can be
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(descriptor, "wb") as writer, result.open("rb") as reader:
            if place.is_file():
                os.fchmod(descriptor, stat.S_IMODE(place.stat().st_mode) & 0o777)
            shutil.copyfileobj(reader, writer, _COPY_BYTES)
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _link_or_reserve(draft: Path, place: Path) -> None:
    """Give *draft* the name *place* as well; raise `FileExistsError` if any file has it."""
    try:
        os.link(draft, place)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: an empty file reserves the name
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        draft.replace(place)


def _name(target: Path | None) -> str:
    return "standard output" if target is None else printable(str(target))


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
