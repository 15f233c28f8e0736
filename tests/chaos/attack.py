"""The faults of a run, one after the other and beside each other, as the schedule has them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

from tests.chaos.history import Fault, History
from tests.chaos.plan import Plan
from tests.chaos.schedule import Planned, schedule
from tests.chaos.stage import Stage

BREATH_SECONDS = 3
"""How long a part is left alone after a fault of its own: those that wait for it must not follow without a gap."""
LAST_HITS_SECONDS = 60
"""How long the load goes on after the last fault, for the failpoints that nobody has reached yet."""


class Attack:
    """All the faults of *plan*; *broker_emptied* is called after each that made the broker lose its data."""

    def __init__(self, plan: Plan, on: Stage, history: History, *, broker_emptied: Callable[[], None]) -> None:
        self._plan = plan
        self._stage = on
        self._history = history
        self._broker_emptied = broker_emptied

    async def to_its_end(self) -> None:
        """Inflict everything; return when it is over, and every armed point was hit or has had its time."""
        async with running(self._watch_crashes()):
            await self._inflict_all()
            await self._let_the_armed_be_hit()
        self._stage.disarm()

    async def _inflict_all(self) -> None:
        plan = self._plan
        planned = schedule(
            plan.seed,
            seconds=plan.seconds,
            kafka=plan.kafka,
            store=plan.store,
            only=plan.only,
            seconds_per_fault=plan.seconds_per_fault,
        )
        self._history.crashes.update(
            {fault.kind.name.removeprefix("crash: "): 0 for fault in planned if fault.kind.name.startswith("crash: ")}
        )
        began = time.monotonic()
        async with asyncio.TaskGroup() as faults:
            for fault in planned:
                await asyncio.sleep(max(0, began + fault.at - time.monotonic()))
                faults.create_task(self._inflict(fault))
            await asyncio.sleep(max(0, began + plan.seconds - time.monotonic()))

    async def _let_the_armed_be_hit(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_HITS_SECONDS):
                while self._stage.waiting:
                    await asyncio.sleep(0.1)

    async def _inflict(self, fault: Planned) -> None:
        if fault.kind.part:
            async with self._stage.lock(fault.kind.part):
                await self._inflict_now(fault)
                await asyncio.sleep(BREATH_SECONDS)
        else:
            await self._inflict_now(fault)

    async def _inflict_now(self, fault: Planned) -> None:
        began = time.time()
        emptied = len(self._history.emptied)
        await fault.kind.inflict(self._stage)
        if len(self._history.emptied) > emptied:
            self._broker_emptied()
        self._history.fault(Fault(fault.kind.name, began, time.time()))

    async def _watch_crashes(self) -> None:
        """Count how often each point was hit."""
        while True:
            self._history.crashes.update(self._stage.hits())
            await asyncio.sleep(0.1)


@asynccontextmanager
async def running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Have *work* done while the block runs."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
