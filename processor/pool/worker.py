"""A thread that keeps one image process busy: it takes jobs off the pool's queue, and replaces the process in time."""

from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread

import structlog

from processor.engine import MadeVariant
from processor.pool.child import ChildSettings
from processor.pool.image_process import ImageProcess
from processor.pool.job_queue import JobQueue
from processor.pool.jobs import Job
from processor.pool.losses import EngineFailedError, JobNotTakenError, Loss, WorkerLostError

log = structlog.get_logger(__name__)

_TRIES = 3
"""How many processes may not take a job before it is held to be its own fault after all."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What all workers of a pool have in common."""

    child: ChildSettings
    task_seconds: float
    tasks_per_child: int
    grace_seconds: float
    restarted: Callable[[], None]


class Worker(Thread):
    """Works until the queue is closed, or it is stopped."""

    def __init__(self, jobs: JobQueue, settings: WorkerSettings) -> None:
        super().__init__(name="image process", daemon=True)
        self._jobs = jobs
        self._settings = settings
        self._stopped = Event()
        self.process: ImageProcess | None = None

    def run(self) -> None:
        """Start a process, so that it is there when it is needed, and have it do jobs."""
        try:
            self._get_process_early()
            while (job := self._jobs.get()) is not None:
                if job.future.set_running_or_notify_cancel():
                    self._finish(job)
                    self._get_process_early()
        finally:
            self._drop_process()

    def stop(self) -> None:
        """Kill the process at work, whatever it does; the thread ends soon after the queue is closed."""
        self._stopped.set()
        process = self.process
        if process is not None:
            process.kill()

    def _finish(self, job: Job) -> None:
        try:
            made = self._made(job)
        except BaseException as exc:  # noqa: BLE001 - it is raised where somebody waits for the job
            job.future.set_exception(CancelledError() if self._stopped.is_set() else exc)
        else:
            job.future.set_result(made)

    def _made(self, job: Job) -> list[MadeVariant]:
        for _ in range(_TRIES):
            process = self._usable_process()
            try:
                if not job.begin(process):
                    break
                return process.work(
                    job.original,
                    job.requests,
                    deliver=job.deliver,
                    seconds=self._settings.task_seconds * len(job.requests),
                    grace=self._settings.grace_seconds,
                )
            except JobNotTakenError as exc:
                log.warning("image process replaced", reason=repr(exc.__cause__))
                self._settings.restarted()
            finally:
                job.end()
        raise WorkerLostError(Loss.WORKER_CRASHED, "Image processes were killed from outside, again and again.")

    def _get_process_early(self) -> None:
        with suppress(OSError, EngineFailedError):  # the next job tries again, and is told
            self._usable_process()

    def _usable_process(self) -> ImageProcess:
        """Return the process, a new one where it has gone or has done enough."""
        process = self.process
        if process is not None and process.is_usable and process.jobs < self._settings.tasks_per_child:
            return process
        self._drop_process()
        self.process = process = ImageProcess(self._settings.child)
        if self._stopped.is_set():  # and whoever stopped us found the one before
            process.kill()
        return process

    def _drop_process(self) -> None:
        if self.process is not None:
            self.process.close()
            self.process = None
