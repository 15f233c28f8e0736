"""A child process: what to run, and how to start and kill it with its own children."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from deploy.local.processes import lifeline


async def _at_once() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Child:
    """What to run. After each start, *is_ready* is polled until it returns True."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], Awaitable[bool]] = _at_once
    prepare: Callable[[], None] = lambda: None  # before each start


class ChildFailedError(Exception):
    """A child ended, or did not get ready in time."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name} {what}")
        self.name = name
        self.what = what


async def run_to_its_end(child: Child, lifeline_descriptor: int) -> None:
    """Run *child* once; raise `ChildFailedError` unless it ends with status 0. Cancelling kills it."""
    process = await spawn(child, lifeline_descriptor)
    try:
        status = await process.wait()
    finally:
        kill_group(process.pid)
    if status != 0:
        raise ChildFailedError(child.name, describe_status(status))


async def spawn(child: Child, lifeline_descriptor: int) -> Process:
    """Start *child* in its own session; it inherits the lifeline and our output.

    Raises `ChildFailedError` if the system cannot.
    """
    try:
        return await asyncio.create_subprocess_exec(
            *child.command,
            stdin=DEVNULL,
            env={**os.environ, **child.environment, lifeline.VARIABLE: str(lifeline_descriptor)},
            pass_fds=(lifeline_descriptor,),
            start_new_session=True,
        )
    except OSError as exc:
        raise ChildFailedError(child.name, f"could not be started: {exc}") from exc


def kill_group(leader: int) -> None:
    """Kill the process group of *leader*, if anything is left of it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def describe_status(status: int) -> str:
    """Return an exit status in words."""
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
