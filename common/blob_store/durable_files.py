"""Files that survive a crash: written aside, flushed to the disk, and given their name, if it is free, in one step."""

import os
import shutil
import time
from functools import cache
from pathlib import Path
from threading import Event
from typing import BinaryIO
from uuid import uuid4

CHUNK_BYTES = 1024 * 1024
_WIDEST_MODE = 0o644
"""Readable by the other service, which may run as another user on the same volume; a umask narrows it."""

UPLOADS = "uploads"
"""What a sweep passes over: each API process has a folder in it, and removes those of processes that have died."""
LITTER_SECONDS = 24 * 60 * 60
"""Far beyond any upload or job: a file this old in a work folder was left by a crash."""


class CopyStoppedError(Exception):
    """The copy was told to stop; it has removed what it wrote."""


def copy_aside(source: Path, folder: Path, stop: Event) -> Path:
    """Copy *source* to a new file in *folder* and return it; raise `CopyStoppedError` soon after *stop* is set.

    On any error nothing is left in *folder*.
    """
    copy = folder / f"{uuid4().hex}.part"
    try:
        with source.open("rb") as reader, copy.open("xb") as writer:
            _copy(reader, writer, stop)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    return copy


def linked_aside(source: Path, folder: Path) -> Path:
    """Return a new name in *folder* for the flushed file *source*, written to just now as far as its times tell.

    A flushed copy where the file system knows no second names, or has given all that a file may have (ext4: 65,000).
    """
    link = folder / f"{uuid4().hex}.part"
    try:
        link.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:
        return _flushed(copy_aside(source, folder, Event()))
    os.utime(link)
    return link


def move_durably(source: Path, target: Path) -> bool:
    """Move *source* to *target* on the same file system, unless something is there; say whether it was moved.

    Whole and on the disk, or not at all; what stands at *target* is on the disk in either case.
    """
    _flush(source)
    return rename_durably(source, target)


def rename_durably(source: Path, target: Path) -> bool:
    """Move *source*, whose bytes are on the disk, as `move_durably` does."""
    try:
        is_free = _link(source, target)
    except FileNotFoundError:  # hardly ever: asking first would cost every file
        target.parent.mkdir(parents=True, exist_ok=True)
        is_free = _link(source, target)
    if is_free:
        source.unlink(missing_ok=True)
    flush_folder(target.parent)
    return is_free


def _link(source: Path, target: Path) -> bool:
    """Give *source* the name *target* too, unless it is taken; say whether it was free.

    Where the file system knows no second names, looking and renaming are two steps: of two who come at once both may
    be told that it was free, and the later one's file stays.
    """
    try:
        target.hardlink_to(source)
    except FileExistsError:
        return False
    except FileNotFoundError:
        raise
    except OSError:
        if target.exists():
            return False
        source.replace(target)
    return True


def _flushed(copy: Path) -> Path:
    """Flush *copy* and return it; on any error it is removed."""
    try:
        _flush(copy)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    return copy


@cache
def _blob_mode() -> int:
    umask = os.umask(0o077)  # there is no other way to read it; what is made meanwhile is too private, not too open
    os.umask(umask)
    return _WIDEST_MODE & ~umask


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fchmod(descriptor, _blob_mode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(reader: BinaryIO, writer: BinaryIO, stop: Event) -> None:
    while chunk := reader.read(CHUNK_BYTES):
        if stop.is_set():
            raise CopyStoppedError
        writer.write(chunk)


def flush_folder(folder: Path) -> None:
    """Return when the names in *folder* are on the disk, not only their files."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove from *folder* what has lain there for a day; several processes may sweep at once."""
    oldest = time.time() - LITTER_SECONDS
    for entry in folder.iterdir():
        try:
            if entry.name == UPLOADS or entry.lstat().st_mtime >= oldest:
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
        except FileNotFoundError:
            continue  # another process swept it first
