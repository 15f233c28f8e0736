"""A process of the attacked system: started again whenever it dies, as Kubernetes would, unless it is to be away."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil

from deploy.local.processes import lifeline
from deploy.local.processes.child import kill_group

RESTART_SECONDS = 0.5
GRACE_SECONDS = 30


class KeptProcess:
    """One process over all its lives, each in a session of its own; *deaths* are their exit statuses.

    Its output goes through a pipe to *log*, so that a full disk cannot silence it.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path, lifeline_end: int) -> None:
        self._command = command
        self._environment = {**environment, lifeline.VARIABLE: str(lifeline_end)}
        self._log = log
        self._lifeline_end = lifeline_end
        self._process: Process | None = None
        self._lives: asyncio.Task[None] | None = None
        self._may_live = asyncio.Event()
        self.deaths: list[int] = []

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Run it until `stop`."""
        self._may_live.set()
        self._lives = self._lives or asyncio.create_task(self._live())

    async def stop(self, request: signal.Signals = signal.SIGTERM) -> None:
        """End it, killed after the grace; it can be started again."""
        self._may_live.clear()
        self.signal(signal.SIGCONT)
        self.signal(request)
        try:
            async with asyncio.timeout(GRACE_SECONDS):
                await self._gone()
        except TimeoutError:
            self.kill_family()
            await self._gone()

    async def close(self) -> None:
        """End it for good."""
        await self.stop()
        if self._lives:
            self._lives.cancel()
            await asyncio.gather(self._lives, return_exceptions=True)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it runs."""
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def kill_family(self) -> None:
        """Kill it with all that it started."""
        if self._process:
            kill_group(self._process.pid)

    def family(self) -> list[psutil.Process]:
        """Return it and all that it started."""
        try:
            parent = psutil.Process(self._process.pid) if self._process else None
            return [parent, *parent.children(recursive=True)] if parent else []
        except psutil.NoSuchProcess:
            return []

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Keep this life of it stopped while the block runs: it neither works nor says a word."""
        pid = self.pid
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            if pid is not None and pid == self.pid:
                self.signal(signal.SIGCONT)

    async def _gone(self) -> None:
        while self._process is not None:
            await asyncio.sleep(0.02)

    async def _live(self) -> None:
        while True:
            await self._may_live.wait()
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=STDOUT,
                env=self._environment,
                pass_fds=(self._lifeline_end,),
                start_new_session=True,
                limit=2**22,
            )
            try:
                await self._one_life(self._process)
            finally:
                kill_group(self._process.pid)  # what a process that was killed left behind
                self._process = None
            await asyncio.sleep(RESTART_SECONDS)

    async def _one_life(self, process: Process) -> None:
        pump = asyncio.create_task(self._pump(process))
        self.deaths.append(await process.wait())
        kill_group(process.pid)
        await pump
        self._write(f"--- ended with status {process.returncode}\n".encode())

    async def _pump(self, process: Process) -> None:
        assert process.stdout
        while chunk := await process.stdout.read(65536):
            self._write(chunk)

    def _write(self, chunk: bytes) -> None:
        with self._log.open("ab") as log:
            log.write(chunk)


def environment_without_settings() -> dict[str, str]:
    """Return this process's environment without any setting of Icecube in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("ICECUBE_", "POSTGRES_", "AWS_"))}
