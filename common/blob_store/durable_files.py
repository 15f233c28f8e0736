"""Writes files that survive a crash: flushed first, then given their name in one step, if it is free."""

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
"""A sweep skips this folder: each API process has a folder in it, and removes those of dead processes."""
LITTER_SECONDS = 24 * 60 * 60
"""Far longer than any upload or job: a crash left a file this old in a work folder."""


class CopyStoppedError(Exception):
    """The copy was stopped, and has removed what it wrote."""


def copy_aside(source: Path, folder: Path, stop: Event) -> Path:
    """Copy *source* to a new file in *folder* and return it; raise `CopyStoppedError` soon after *stop* is set.

    An error leaves nothing in *folder*.
    """
    copy = folder / f"{uuid4().hex}.part"
    try:
        with source.open("rb") as reader, copy.open("xb") as writer:
            _copy(reader, writer, stop)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    return copy


def link_aside(source: Path, folder: Path) -> Path:
    """Link the flushed file *source* under a new name in *folder*, with the current time as its time of writing.

    Makes a flushed copy if the file system has no hard links, or no more for this file (ext4: 65,000).
    """
    link = folder / f"{uuid4().hex}.part"
    try:
        link.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:
        return _flush_or_remove(copy_aside(source, folder, Event()))
    os.utime(link)
    return link


def move_durably(source: Path, target: Path) -> bool:
    """Move *source* to *target* on the same file system, unless something is there; say whether it was moved.

    The move happens wholly or not at all; the file at *target* is on the disk in either case.
    """
    _flush(source)
    return rename_durably(source, target)


def rename_durably(source: Path, target: Path) -> bool:
    """Move *source*, whose bytes are on the disk, as `move_durably` does."""
    try:
        is_free = _link(source, target)
    except FileNotFoundError:  # rare: checking first would cost time for every file
        target.parent.mkdir(parents=True, exist_ok=True)
        is_free = _link(source, target)
    if is_free:
        source.unlink(missing_ok=True)
    flush_folder(target.parent)
    return is_free


def _link(source: Path, target: Path) -> bool:
    """Give *source* the name *target* too, unless it is taken; say whether it was free.

    Without hard links, checking and renaming are two steps: two concurrent callers may both find it free, and the later
    one's file stays.
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


def _flush_or_remove(copy: Path) -> Path:
    """Flush *copy* and return it; an error removes it."""
    try:
        _flush(copy)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    return copy


@cache
def _blob_mode() -> int:
    umask = os.umask(0o077)  # there is no other way to read it; files created meanwhile are too private, not too open
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
    """Flush the names in *folder* to the disk, not only their files."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove entries older than a day from *folder*; several processes may sweep concurrently."""
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
