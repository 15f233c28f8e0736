"""A job on its way through the pool: from the event loop to a worker's thread and back."""

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Lock

from processor.engine import ImageRefusedError, MadeVariant, VariantRequest
from processor.pool.image_process import Deliver, ImageProcess


class Job:
    """One original with what is wanted of it, and the future of what was made.

    *deliver* gets each variant, with its file, as soon as it is written, and each that was refused.
    """

    def __init__(self, original: Path, requests: Sequence[VariantRequest], deliver: Deliver | None = None) -> None:
        self._deliver = deliver
        self._delivered: set[int] = set()
        self.original = original
        self.requests = tuple(requests)
        self.future: Future[list[MadeVariant]] = Future()
        self._lock = Lock()
        self._process: ImageProcess | None = None
        self._is_stopped = False

    def begin(self, process: ImageProcess) -> bool:
        """Say whether the job is still wanted; then stopping it kills *process*."""
        with self._lock:
            self._process = process
            return not self._is_stopped

    def deliver(self, place: int, outcome: MadeVariant | ImageRefusedError) -> None:
        """Hand over what became of a request, unless the job was stopped; its file is no longer ours to remove."""
        with self._lock:
            if self._deliver is None or self._is_stopped:
                return
            self._delivered.add(place)
        self._deliver(place, outcome)

    def end(self) -> None:
        """Let go of the process. A stopped job's outputs are removed: whoever stopped it did so too early for some."""
        with self._lock:
            self._process = None
            if self._is_stopped:
                self.remove_outputs()

    def stop(self) -> None:
        """Kill whoever works on the job, and remove its outputs."""
        with self._lock:
            self._is_stopped = True
            if self._process is not None:
                self._process.kill()
            self.remove_outputs()

    def remove_outputs(self) -> None:
        """Remove what was written of the outputs and not delivered."""
        for place, request in enumerate(self.requests):
            if place not in self._delivered:
                request.output.unlink(missing_ok=True)
