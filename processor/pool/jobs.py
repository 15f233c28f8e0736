"""A job on its way through the pool: from the event loop to a worker's thread and back."""

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Lock

from processor.engine import MadeVariant, VariantRequest
from processor.pool.image_process import ImageProcess


class Job:
    """One original with what is wanted of it, and the future of what was made."""

    def __init__(self, original: Path, requests: Sequence[VariantRequest]) -> None:
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
        """Remove what was written of the outputs."""
        for request in self.requests:
            request.output.unlink(missing_ok=True)
