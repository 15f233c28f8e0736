"""Faults of our own processes: killed, paused, stopped, and dying exactly between two steps."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from common.failpoints import Failpoint
from tests.chaos.faults import FaultKind
from tests.chaos.stage import MOST_PROCESSORS, PROCESSORS, SESSION_SECONDS, Stage


async def _kill_processor(stage: Stage) -> None:
    stage.rng.choice(stage.working).kill_family()


async def _kill_image_process(stage: Stage) -> None:
    children = [child for process in stage.processors for child in process.family()[1:]]
    if children:
        with suppress(ProcessLookupError):
            os.kill(stage.rng.choice(children).pid, signal.SIGKILL)


async def _kill_api(stage: Stage) -> None:
    stage.rng.choice(stage.apis).kill_family()


async def _pause_processor(stage: Stage) -> None:
    async with stage.rng.choice(stage.working).paused():
        await asyncio.sleep(SESSION_SECONDS + 3)


async def _pause_api(stage: Stage) -> None:
    async with stage.rng.choice(stage.apis).paused():
        await asyncio.sleep(SESSION_SECONDS + 3)


async def _come_and_go(stage: Stage) -> None:
    """Let processors join and leave in order, so that the group deals its partitions again and again."""
    extra = stage.processors[PROCESSORS:MOST_PROCESSORS]
    for process in extra:
        process.start()
        await asyncio.sleep(3)
    for process in extra:
        await process.stop()
        await asyncio.sleep(1)


async def _stop_processor(stage: Stage) -> None:
    process = stage.rng.choice(stage.working)
    await process.stop()
    process.start()


def crash_at(point: Failpoint) -> Callable[[Stage], Awaitable[None]]:
    """Return a fault that kills whichever process reaches *point* next."""

    async def inflict(stage: Stage) -> None:
        stage.arm(point)

    return inflict


PROCESS_FAULTS = [
    FaultKind("kill -9 of a processor", _kill_processor, 14),
    FaultKind("kill -9 of an image process", _kill_image_process, 8),
    FaultKind("kill -9 of an API", _kill_api, 6),
    FaultKind("processor paused", _pause_processor, 6),
    FaultKind("API paused", _pause_api, 4),
    FaultKind("processors join and leave", _come_and_go, 6, part="extra processors", needs="apache"),
    FaultKind("processor stopped in order", _stop_processor, 4, part="extra processors"),
]
_OF_LOSSES = {Failpoint.LOSS_FOUND_NOT_REPAIRED, Failpoint.LOSS_REPAIRED_NOT_SENT}
"""Only a broker that loses its data brings anybody there."""
AFTER_DAYS = {Failpoint.STOP_MARK_REMOVED_NOT_FORGOTTEN}
"""No run reaches them: a stop mark stays for as long as Kafka keeps a job's request."""
CRASHES = [
    FaultKind(f"crash: {point}", crash_at(point), 2, needs="apache" if point in _OF_LOSSES else "")
    for point in Failpoint
    if point not in AFTER_DAYS
]
