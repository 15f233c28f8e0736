"""Keeps child processes running, and stops them in reverse order."""

import asyncio
import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from deploy.local.processes.child import Child, run_to_its_end
from deploy.local.processes.restarting_process import RestartingProcess


class Supervisor:
    """Starts children, restarts those that die, and stops all at the end of the `async with` block.

    Children live in sessions of their own, so that Ctrl-C in a terminal reaches the supervisor alone, and
    hold a lifeline: should the supervisor be killed, they end by themselves.
    """

    def __init__(self, *, grace_seconds: float) -> None:
        self._grace_seconds = grace_seconds
        self._stages: list[list[RestartingProcess]] = []

    async def __aenter__(self) -> Self:
        self._lifeline, self._lifeline_end = os.pipe()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            for stage in reversed(self._stages):
                await asyncio.gather(*(child.stop(self._grace_seconds) for child in stage))
        finally:
            os.close(self._lifeline_end)
            os.close(self._lifeline)

    async def run_once(self, child: Child) -> None:
        """Run *child* to its end; raise `ChildFailedError` unless its exit status is 0."""
        await run_to_its_end(child, self._lifeline)

    async def start(self, children: Sequence[Child], *, within_seconds: float) -> None:
        """Start *children* concurrently and return when all are ready; keep them running from then on.

        Raises `ChildFailedError` when one ends before it is ready, or is not ready within the time.
        """
        stage = [RestartingProcess(child, self._lifeline) for child in children]
        self._stages.append(stage)
        await asyncio.gather(*(child.start(within_seconds) for child in stage))

    def kill(self) -> None:
        """Kill every child at once, so that a running stop has nothing to wait for."""
        for stage in self._stages:
            for child in stage:
                child.kill()
