"""One run: the load and the faults side by side, then peace, then the verdict."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Collection, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import asyncpg

from common.crash_points import CrashPoint
from common.kafka.clients import ConsumedRecord
from tests.chaos.clients import Client
from tests.chaos.database import all_jobs, is_quiet
from tests.chaos.history import Fault, History
from tests.chaos.notifications import Reader
from tests.chaos.schedule import Planned, schedule
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Notified, Verdict, judge, unreadable_variants

CLIENTS = 4
PEACE_SECONDS = 150
"""How long after the last fault everything may take to end; beyond it, what has not ended is lost."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run."""

    seed: int
    seconds: float
    kafka: str = "apache"
    store: str = "disk"
    partitions: int = 12
    jobs_per_second: float = 5.0
    only: Collection[str] = ()


class Run:
    """One run on a stage."""

    def __init__(self, plan: Plan, on: Stage, history: History) -> None:
        self._plan = plan
        self._stage = on
        self._history = history
        self._notified: dict[Notified, float] = {}
        topics = [on.kafka.topic, on.kafka.jobs_topic, on.kafka.results_topic]
        self._reader = Reader(on.broker.address, topics, self._see)

    async def to_its_end(self) -> Verdict:
        """Return the verdict."""
        async with self._reader.running():
            await self._under_load()
            await self._peace()
            await self._reader.read_to_the_end()
            await self._stage.until_it_serves()
        jobs = await all_jobs(self._stage.dsn)
        verdict = judge(self._plan.seed, self._history, jobs, self._notified)
        verdict.unreadable = await unreadable_variants(self._stage.urls, jobs)
        return verdict

    async def _under_load(self) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(_running(self._watch_crashes()))
            pause = CLIENTS / self._plan.jobs_per_second
            for number in range(CLIENTS):
                rng = Random(f"{self._plan.seed} {number}")  # noqa: S311 - to be repeated, not to be secret
                client = Client(self._stage.urls, self._history, rng, pause_seconds=pause)
                await stack.enter_async_context(_running(client.run()))
            await self._inflict_all()

    async def _inflict_all(self) -> None:
        plan = self._plan
        planned = schedule(plan.seed, seconds=plan.seconds, kafka=plan.kafka, store=plan.store, only=plan.only)
        self._history.crashes.update(
            {fault.kind.name.removeprefix("crash: "): 0 for fault in planned if fault.kind.name.startswith("crash: ")}
        )
        began = time.monotonic()
        async with asyncio.TaskGroup() as faults:
            for fault in planned:
                await asyncio.sleep(max(0, began + fault.at - time.monotonic()))
                faults.create_task(self._inflict(fault))
            await asyncio.sleep(max(0, began + plan.seconds - time.monotonic()))

    async def _inflict(self, fault: Planned) -> None:
        if fault.kind.part:
            async with self._stage.lock(fault.kind.part):
                await self._inflict_now(fault)
        else:
            await self._inflict_now(fault)

    async def _inflict_now(self, fault: Planned) -> None:
        began = time.time()
        emptied = len(self._history.emptied)
        await fault.kind.inflict(self._stage)
        if len(self._history.emptied) > emptied:
            self._reader.reopen()
        self._history.fault(Fault(fault.kind.name, began, time.time()))

    async def _watch_crashes(self) -> None:
        """Count how often each point was hit: whoever dies at one removes its file first."""
        armed: set[str] = set()
        while True:
            now = {file.name for file in self._stage.armed.iterdir()}
            self._history.crashes.update(armed - now)
            armed = now
            await asyncio.sleep(0.02)

    async def _peace(self) -> None:
        """Wait until every job has ended and every event is out, or the time for it has passed."""
        for point in CrashPoint:
            (self._stage.armed / point).unlink(missing_ok=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(PEACE_SECONDS):
                while not await self._is_quiet():
                    await asyncio.sleep(0.5)

    async def _is_quiet(self) -> bool:
        try:
            return await is_quiet(self._stage.dsn)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False

    async def _see(self, record: ConsumedRecord) -> None:
        if record.topic != self._stage.kafka.topic:
            await self._stage.mischief.see(record)
            return
        headers = {name: (value or b"").decode() for name, value in record.headers}
        body = json.loads(record.value or b"")
        notified = Notified(body["jobId"], body["status"], headers["ce_id"])
        self._notified.setdefault(notified, time.time())


async def run(plan: Plan, folder: Path) -> Verdict:
    """Run *plan* with everything in *folder*, and return the verdict; nothing is left running."""
    history = History(folder / "history.jsonl")
    rng = Random(f"{plan.seed} faults")  # noqa: S311 - to be repeated, not to be secret
    try:
        async with stage(
            folder, kafka=plan.kafka, store=plan.store, partitions=plan.partitions, history=history, rng=rng
        ) as on:
            return await Run(plan, on, history).to_its_end()
    finally:
        history.close()


@asynccontextmanager
async def _running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
