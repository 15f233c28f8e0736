"""Faults of the broker, with everything else at once among them."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

from common.failpoints import Failpoint
from tests.chaos.faults import FaultKind
from tests.chaos.faults.database import kill_postmaster
from tests.chaos.stage import Stage


async def _kill_everything(stage: Stage) -> None:
    async with stage.lock("broker"), stage.lock("database"):
        for process in [*stage.apis, *stage.processors]:
            process.kill_family()
        kill_postmaster(stage)
        await asyncio.to_thread(stage.broker.kill)
        await _bring_back(stage)


def broker_away(seconds: float) -> Callable[[Stage], Awaitable[None]]:
    """Return a fault that stops the broker in order and starts it again after *seconds*."""

    async def inflict(stage: Stage) -> None:
        await asyncio.to_thread(stage.broker.stop)
        await asyncio.sleep(seconds)
        await _bring_back(stage)

    return inflict


async def _kill_broker(stage: Stage) -> None:
    await asyncio.to_thread(stage.broker.kill)
    await _bring_back(stage)


async def _empty_broker(stage: Stage) -> None:
    """Have the broker come back with nothing, at a moment when it held requests that nobody had read."""
    stage.arm(Failpoint.LOSS_FOUND_NOT_REPAIRED)
    for process in stage.working:
        process.signal(signal.SIGSTOP)
    await asyncio.sleep(2)
    await asyncio.to_thread(stage.broker.kill)
    stage.history.empty()
    await asyncio.to_thread(stage.broker.forget)
    for process in stage.working:
        process.signal(signal.SIGCONT)
    await _bring_back(stage)
    await stage.make_topics()
    stage.arm(Failpoint.LOSS_REPAIRED_NOT_SENT)


async def _bring_back(stage: Stage) -> None:
    await asyncio.to_thread(stage.broker.start)


BROKER_FAULTS = [
    FaultKind("kill -9 of everything", _kill_everything, 1, needs="apache"),
    FaultKind("broker away for 5 s", broker_away(5), 2, part="broker", needs="apache"),
    FaultKind("broker away for 60 s", broker_away(60), 0, part="broker", needs="apache"),
    FaultKind("kill -9 of the broker", _kill_broker, 2, part="broker", needs="apache"),
    FaultKind("broker comes back empty", _empty_broker, 1, part="broker", needs="apache"),
]
