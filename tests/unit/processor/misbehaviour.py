"""What image processes do in the tests of their pool, instead of making variants.

A child sees no file and can tell nobody of anything but its parent. So the first line of an original says what is to
be done, a pipe that was opened before the child was confined tells who has begun, and what a child has found out comes
back as the reason of a refusal.
"""

import ctypes
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import EncodedVariant, ImageLimits, ImageRefusedError, Refusal, RefusedVariant
from processor.engine.decoding.original import Original
from processor.pool.child import Work, load_engine
from tests.unit.processor import hostilities

Deed = Callable[[Original, Sequence[VariantOptions]], Iterable[EncodedVariant]]


def load_by_name(witness: Path) -> Work:
    """Return work that writes its process's id into the pipe *witness*, and does what the original says."""
    pipe = os.open(witness, os.O_WRONLY)
    return partial(_by_name, pipe, load_engine())


def _by_name(
    pipe: int, engine: Work, original: Original, wanted: Sequence[VariantOptions], limits: ImageLimits
) -> Iterable[EncodedVariant | RefusedVariant]:
    name = original.content[:40].split(b"\n")[0].decode("ascii", "replace")
    os.write(pipe, f"{os.getpid()}\n".encode())
    if name in hostilities.ATTEMPTS:
        raise ImageRefusedError(Refusal.IMAGE_DAMAGED, json.dumps(hostilities.told(name)))
    if name in _DEEDS:
        return _DEEDS[name](original, wanted)
    return engine(original, wanted, limits)


def _crash(*_: object) -> Iterable[EncodedVariant]:
    ctypes.string_at(0)
    return ()


def _exit(*_: object) -> Iterable[EncodedVariant]:
    os._exit(3)


def _sleep(*_: object) -> Iterable[EncodedVariant]:
    time.sleep(600)
    return ()


def _spin(*_: object) -> Iterable[EncodedVariant]:
    while True:
        pass


def _hide_and_spin(*_: object) -> Iterable[EncodedVariant]:
    """Close everything by which a process might learn that it should end, and go on."""
    os.closerange(0, 128)
    while True:
        pass


def _leave(original: Original, _: object) -> Iterable[EncodedVariant]:
    """Make one variant of two, and go."""
    yield _variant(_rest(original))
    os._exit(3)


def _claim(original: Original, _: object) -> Iterable[EncodedVariant]:
    """Say that the rest of the original is the variant."""
    yield _variant(_rest(original))


def _rest(original: Original) -> bytes:
    return original.content[:].split(b"\n", 1)[1]


def _variant(content: bytes) -> EncodedVariant:
    return EncodedVariant(0, content, ImageFormat.JPEG, 1, 1, frames=1, original_frames=1)


def _surprise(*_: object) -> Iterable[EncodedVariant]:
    message = "nobody has thought of this"
    raise LookupError(message)


def _say(original: Original, _: object) -> Iterable[EncodedVariant]:
    """Write the rest of the original to the parent as it is, and wait."""
    os.write(_socket(), _rest(original))
    time.sleep(600)
    return ()


def _socket() -> int:
    """Return the only open socket."""
    return next(one for one in range(3, 128) if _is_socket(one))


def _is_socket(descriptor: int) -> bool:
    try:
        return (os.fstat(descriptor).st_mode & 0o170000) == 0o140000
    except OSError:
        return False


_DEEDS: dict[str, Deed] = {
    "crash": _crash,
    "exit": _exit,
    "sleep": _sleep,
    "spin": _spin,
    "hide and spin": _hide_and_spin,
    "leave": _leave,
    "surprise": _surprise,
    "claim": _claim,
    "say": _say,
}
