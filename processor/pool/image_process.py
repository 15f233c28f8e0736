"""One image process, as its parent sees it: started, given one job at a time, killed."""

import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from threading import Lock

import structlog

from processor.engine import ImageRefusedError, MadeVariant, VariantRequest
from processor.fork_server import fork_server
from processor.pool.answers import (
    Answer,
    Failed,
    OutOfMemory,
    Ready,
    Refused,
    Taken,
    Task,
    Variant,
    VariantRefused,
    decoded,
)
from processor.pool.child import ChildSettings, serve_jobs
from processor.pool.frames import Receiver, framed
from processor.pool.losses import (
    BadAnswerError,
    ConnectionLostError,
    EngineFailedError,
    JobNotTakenError,
    Loss,
    WorkerLostError,
)
from processor.pool.originals import opened_original
from processor.pool.outputs import write_variant

log = structlog.get_logger(__name__)

_START_SECONDS = 60
"""The fork server imports libvips first; on a busy machine this takes its time."""
_END_SECONDS = 5
"""A process that has closed its end is about to end, or is killed."""

_multiprocessing = Lock()
"""Multiprocessing reads the ends of all its processes as it starts one, and two threads would read one twice."""


Deliver = Callable[[int, MadeVariant | ImageRefusedError], None]
"""Takes what became of the request at a place."""


class ImageProcess:
    """A confined child process; used by one thread, but for `kill`, which any may call at any time."""

    def __init__(self, settings: ChildSettings) -> None:
        """Start it, and wait until it is confined; raise `EngineFailedError` or `OSError` when that fails."""
        self.jobs = 0
        self.is_usable = True
        self._settings = settings
        self._connection, theirs = socket.socketpair()
        self._receiver = Receiver(self._connection)
        with theirs, _multiprocessing:
            self._process = fork_server().Process(target=serve_jobs, args=(theirs, settings), daemon=True)
            try:
                self._process.start()
            except EOFError as exc:
                message = "the fork server ended before it began an image process"
                raise EngineFailedError(message) from exc
        self._get_ready()

    @property
    def id(self) -> int:
        """The process's id."""
        return self._process.pid or 0

    def work(
        self,
        original: Path,
        requests: Sequence[VariantRequest],
        *,
        seconds: float,
        grace: float,
        deliver: Deliver = lambda _, __: None,
    ) -> list[MadeVariant]:
        """Return what the child has made within *seconds* from taking the job, in the order asked.

        Each variant is delivered as soon as it is there, and so is a refusal of one, which is raised at the end.

        Raises `ImageRefusedError`, `WorkerLostError`, `EngineFailedError`, `OSError` for the files, and
        `JobNotTakenError` when the child has not taken the job within *grace* seconds. Where the child cannot do
        another job after that, it has been killed and `is_usable` is false.
        """
        self.jobs += 1
        self.is_usable = False
        try:
            self._hand_over(original, requests, grace)
            made = self._variants(requests, time.monotonic() + seconds, deliver)
        except TimeoutError as exc:
            raise WorkerLostError(Loss.TIME_LIMIT, f"The image took longer than {seconds:g} seconds.") from exc
        except ConnectionLostError as exc:
            raise self._crash() from exc
        except BadAnswerError as exc:
            log.warning("image process distrusted", reason=str(exc))
            reason = "The image process answered what it must not."
            raise WorkerLostError(Loss.WORKER_CRASHED, reason) from exc
        else:
            self.is_usable = True
            return made
        finally:
            if not self.is_usable:
                self.kill()

    def kill(self) -> None:
        """Kill the child and all of its process group, whatever they do; they are gone soon after."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that listens
        with _multiprocessing:
            if self._process.is_alive():
                with suppress(ProcessLookupError, PermissionError):  # not yet, or no longer, a group of its own
                    os.killpg(self.id, signal.SIGKILL)
                self._process.kill()

    def close(self) -> None:
        """Kill the child and wait for its end."""
        self.kill()
        wait([self._process.sentinel], _END_SECONDS)
        self._connection.close()

    def _get_ready(self) -> None:
        try:
            answer = self._answer(time.monotonic() + _START_SECONDS)
        except (TimeoutError, ConnectionLostError, BadAnswerError) as exc:
            self.close()
            message = f"an image process did not start: {exc!r}"
            raise EngineFailedError(message) from exc
        if not isinstance(answer, Ready):
            self.close()
            raise _unexpected(answer)

    def _hand_over(self, original: Path, requests: Sequence[VariantRequest], grace: float) -> None:
        if self._receiver.has_unread():  # it would be taken for the answer to this job, which may be another owner's
            raise JobNotTakenError from BadAnswerError("an answer to no job")
        with opened_original(original) as descriptor:
            task = Task(variants=[request.options for request in requests])
            frame = framed(task.model_dump_json(by_alias=True).encode())
            try:
                self._connection.settimeout(grace)
                sent = socket.send_fds(self._connection, [frame], [descriptor])
                self._connection.sendall(frame[sent:])
                answer = self._answer(time.monotonic() + grace)
            except (TimeoutError, ConnectionError, ConnectionLostError) as exc:
                raise JobNotTakenError from exc
        if not isinstance(answer, Taken):
            raise _unexpected(answer)

    def _variants(self, requests: Sequence[VariantRequest], until: float, deliver: Deliver) -> list[MadeVariant]:
        made: dict[int, MadeVariant] = {}
        refused: dict[int, ImageRefusedError] = {}
        while len(made) + len(refused) < len(requests):
            answer = self._answer(until)
            match answer:
                case Variant(place=place) if place < len(requests) and place not in made | refused:
                    made[place] = write_variant(answer, requests[place], partial(self._receiver.pour, until=until))
                    deliver(place, made[place])
                case VariantRefused(place=place) if place < len(requests) and place not in made | refused:
                    refused[place] = ImageRefusedError(answer.code, answer.reason)
                    deliver(place, refused[place])
                case Refused():
                    self.is_usable = True
                    raise ImageRefusedError(answer.code, answer.reason)
                case OutOfMemory():
                    self.is_usable = True
                    raise self._out_of_memory()
                case _:
                    raise _unexpected(answer)
        if refused:
            self.is_usable = True
            raise refused[min(refused)]
        return [made[place] for place in range(len(requests))]

    def _answer(self, until: float) -> Answer:
        return decoded(self._receiver.frame(until))

    def _crash(self) -> WorkerLostError:
        wait([self._process.sentinel], _END_SECONDS)
        with _multiprocessing:
            ended_by = self._process.exitcode
        if ended_by == -signal.SIGTRAP:  # how GLib, below libvips, ends a process that gets no more memory
            return self._out_of_memory()
        return WorkerLostError(Loss.WORKER_CRASHED, "The image made the decoder crash.")

    def _out_of_memory(self) -> WorkerLostError:
        reason = f"The image needs more than the {self._settings.task_memory_mb} MB of memory a task may use."
        return WorkerLostError(Loss.OUT_OF_MEMORY, reason)


def _unexpected(answer: Answer) -> Exception:
    if isinstance(answer, Failed):
        return EngineFailedError.told_by(answer.trace)
    return BadAnswerError(f"{answer} is not what comes now")
