"""What runs in an image process; cheap to import, because the parent names these functions too."""

import os
import socket
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from common.options.variant import VariantOptions
from processor.engine import EncodedVariant, ImageLimits, ImageRefusedError, RefusedVariant
from processor.engine.decoding.original import Original
from processor.engine.sandbox.confining import confine
from processor.engine.sandbox.leftovers import keep_only
from processor.engine.sandbox.limits import limit_cpu
from processor.pool.answers import (
    MAX_TEXT,
    Answer,
    Failed,
    OutOfMemory,
    Ready,
    Refused,
    Taken,
    Task,
    Variant,
    VariantRefused,
)
from processor.pool.frames import MAX_FRAME_BYTES, framed

_LENGTH_BYTES = 4

Work = Callable[[Original, Sequence[VariantOptions], ImageLimits], Iterable[EncodedVariant | RefusedVariant]]
"""What a child does for a job."""


@dataclass(frozen=True, slots=True)
class ChildSettings:
    """What every child of a pool is told as it starts.

    *load_work* is called before the child is confined, and returns what it does for each job from then on.
    """

    limits: ImageLimits
    task_memory_mb: int
    cpu_seconds: float
    load_work: Callable[[], Work]


def load_engine() -> Work:
    """Return the engine's recipe, with libvips set up for it."""
    from processor.engine.libvips import set_up_libvips  # noqa: PLC0415 - libvips is for children only
    from processor.engine.recipe import make_variants  # noqa: PLC0415 - libvips is for children only

    set_up_libvips()
    return make_variants


def serve_jobs(connection: socket.socket, settings: ChildSettings) -> None:
    """Confine this process and do jobs, one at a time, until the parent closes its end; ends the process."""
    keep_only(connection.fileno())
    os.setsid()  # no terminal's Ctrl-C, and a process group that can be killed as a whole
    try:
        work = settings.load_work()
        confine(settings.task_memory_mb)
        _send(connection, Ready())
        while True:
            _do_next(connection, settings, work)
    except EOFError:
        os._exit(0)
    except Exception:  # noqa: BLE001 - whatever it is, the parent is told, and replaces this process
        _send(connection, Failed(trace=traceback.format_exc()[-MAX_TEXT:]))
        os._exit(1)


def _do_next(connection: socket.socket, settings: ChildSettings, work: Work) -> None:
    task, descriptor = _receive(connection)
    _send(connection, Taken())
    limit_cpu(settings.cpu_seconds * len(task.variants))
    try:
        for made in work(_original(descriptor), task.variants, settings.limits):
            _send_variant(connection, made)
    except ImageRefusedError as exc:
        _send(connection, Refused(code=exc.code, reason=exc.reason[:MAX_TEXT]))
    except MemoryError:
        _send(connection, OutOfMemory())


def _send_variant(connection: socket.socket, made: EncodedVariant | RefusedVariant) -> None:
    if isinstance(made, RefusedVariant):
        _send(connection, VariantRefused(place=made.place, code=made.code, reason=made.reason[:MAX_TEXT]))
    else:
        _send(connection, Variant.of(made), made.content)


def _original(descriptor: int) -> Original:
    try:
        return Original.mapped(descriptor)
    finally:
        os.close(descriptor)  # the mapping stays


def _receive(connection: socket.socket) -> tuple[Task, int]:
    """Return the next job and its original's descriptor; raise `EOFError` when there is no parent any more."""
    length, descriptors, _, _ = socket.recv_fds(connection, _LENGTH_BYTES, 1)
    content = _exactly(connection, int.from_bytes(length + _exactly(connection, _LENGTH_BYTES - len(length))))
    return Task.model_validate_json(content), descriptors[0]


def _exactly(connection: socket.socket, byte_size: int) -> bytes:
    content = b""
    while len(content) < byte_size:
        piece = connection.recv(min(byte_size - len(content), MAX_FRAME_BYTES))
        if not piece:
            raise EOFError
        content += piece
    return content


def _send(connection: socket.socket, answer: Answer, content: bytes = b"") -> None:
    frame = framed(answer.model_dump_json().encode())
    sent = connection.sendmsg([frame, content])  # in one go, as the parent wakes up for each
    if sent < len(frame):
        connection.sendall(frame[sent:])
    connection.sendall(memoryview(content)[max(0, sent - len(frame)) :])
