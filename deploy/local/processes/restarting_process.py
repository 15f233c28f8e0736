"""A process that is restarted when it dies."""

import asyncio
import contextlib
import signal
import time
from asyncio.subprocess import Process

import structlog

from deploy.local.processes.child import Child, ChildFailedError, describe_status, kill_group, spawn

log = structlog.get_logger(__name__)

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 15.0
_STEADY_SECONDS = 30.0  # after so long a life, a death counts as the first
_POLL_SECONDS = 0.1


class RestartingProcess:
    """A child process that is restarted whenever it dies."""

    def __init__(self, child: Child, lifeline_descriptor: int) -> None:
        self._child = child
        self._lifeline = lifeline_descriptor
        self._process: Process | None = None
        self._lives: asyncio.Task[None] | None = None
        self._is_settled = False
        self._stop_asked = asyncio.Event()

    async def start(self, within_seconds: float) -> None:
        """Start the child and return when it is ready; raise `ChildFailedError` if it does not get ready."""
        self._lives = asyncio.create_task(self._live())
        try:
            async with asyncio.timeout(within_seconds):
                # Only for a running child: what an earlier run left says nothing about this one.
                while self._process is None or not await self._child.is_ready():
                    if self._lives.done():
                        break
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError as exc:
            raise ChildFailedError(self._child.name, f"was not ready within {within_seconds:g} s") from exc
        if self._lives.done():
            await self._lives  # raises what ended it
        self._is_settled = True

    async def stop(self, grace_seconds: float) -> None:
        """Stop the child, and kill it after the grace; return when it is gone."""
        self._stop_asked.set()
        if self._lives is None:
            return
        self._signal(signal.SIGTERM)
        done, _ = await asyncio.wait([self._lives], timeout=grace_seconds)
        if not done:
            log.warning("child killed: it did not stop in time", child=self._child.name, seconds=grace_seconds)
            self.kill()
        with contextlib.suppress(ChildFailedError):  # `start` has reported it
            await self._lives

    def kill(self) -> None:
        """Kill the child and its own children; do not restart it."""
        self._stop_asked.set()
        if self._process:
            kill_group(self._process.pid)

    async def _live(self) -> None:
        delay = FIRST_DELAY_SECONDS
        while True:
            born = time.monotonic()
            end = await self._one_life()
            if self._stop_asked.is_set():
                return
            if not self._is_settled:
                raise end
            delay = FIRST_DELAY_SECONDS if time.monotonic() - born > _STEADY_SECONDS else delay
            log.warning("child died, starting it again", child=self._child.name, what=end.what, seconds=delay)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop_asked.wait(), delay)
                return
            delay = min(2 * delay, LONGEST_DELAY_SECONDS)

    async def _one_life(self) -> ChildFailedError:
        self._child.prepare()
        try:
            self._process = await spawn(self._child, self._lifeline)
        except ChildFailedError as exc:
            return exc
        if self._stop_asked.is_set():  # meanwhile
            self._signal(signal.SIGTERM)
        status = await self._process.wait()
        kill_group(self._process.pid)  # its children that outlived it
        self._process = None
        when = "" if self._is_settled else " before it was ready"
        return ChildFailedError(self._child.name, describe_status(status) + when)

    def _signal(self, number: signal.Signals) -> None:
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
