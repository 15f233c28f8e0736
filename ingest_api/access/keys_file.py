"""The file of API keys: one entry per line; the service reads it, `icecube api-key` writes it."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from common.settings.access import ApiKeyEntry

_ENTRY: TypeAdapter[str] = TypeAdapter(ApiKeyEntry)


class KeysFileError(Exception):
    """The file cannot be read or written, or has an invalid line."""


def read_entries(path: Path) -> tuple[str, ...]:
    """Return the entries of the file, without empty lines and comments (#); raise `KeysFileError`."""
    return entries_in(read_keys_file(path), path)


def read_keys_file(path: Path) -> str:
    """Return the text of the file; raise `KeysFileError`."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        message = f"the file of API keys, {path}, cannot be read: {getattr(exc, 'strerror', None) or exc}"
        raise KeysFileError(message) from exc


def entries_in(text: str, path: Path) -> tuple[str, ...]:
    """Return the entries in *text*, the content of the file at *path*; raise `KeysFileError` naming a wrong line."""
    return tuple(_check(line, number, path) for number, line in _lines(text))


@contextmanager
def changing_lines(path: Path) -> Iterator[list[str]]:
    """Lock the file and yield its lines to be changed; if the block succeeds, they replace the whole file.

    The file may be missing. Raises `KeysFileError`. Only its owner can read a new one.
    """
    with _hold_lock(path.parent):
        lines = read_keys_file(path).splitlines() if path.exists() else []
        entries_in("\n".join(lines), path)
        yield lines
        _replace(path.resolve(), "".join(f"{line}\n" for line in lines))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _check(line: str, number: int, path: Path) -> str:
    try:
        return _ENTRY.validate_python(line)
    except ValidationError as exc:
        # Do not show the line: it may hold a key in place of its hash.
        message = f"{path}, line {number}: no entry, which is name:scope:hash or name:scope:hash:owner"
        raise KeysFileError(message) from exc


@contextmanager
def _hold_lock(folder: Path) -> Iterator[None]:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as exc:
        message = f"the folder of the API keys, {folder}, cannot be opened: {exc.strerror}"
        raise KeysFileError(message) from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, text: str) -> None:
    """Replace the file in one step, with the old one's mode: no reader sees half of it."""
    try:
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".keys-", encoding="utf-8", delete=False) as new:
            new.write(text)
            new.flush()
            os.fchmod(new.fileno(), mode)
            os.fsync(new.fileno())
        Path(new.name).replace(path)
    except OSError as exc:
        message = f"the file of API keys, {path}, cannot be written: {exc.strerror}"
        raise KeysFileError(message) from exc
