"""One run: the load and the faults side by side, then peace, then the verdict."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Collection, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

import asyncpg

from common.kafka.headers import from_kafka
from tests.chaos.asking import Asker
from tests.chaos.clients import Client
from tests.chaos.database import all_jobs, is_quiet
from tests.chaos.history import Fault, History
from tests.chaos.notifications import Reader, ReadRecord
from tests.chaos.schedule import SECONDS_PER_FAULT, Planned, schedule
from tests.chaos.stage import Stage, stage
from tests.chaos.verdict import Notified, Verdict, judge, unreadable_variants

CLIENTS = 4
BREATH_SECONDS = 3
"""How long a part is left alone after a fault of its own: those that wait for it must not follow without a gap."""
LAST_HITS_SECONDS = 20
"""How long the load goes on after the last fault, for the crash points that nobody has reached yet."""
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
    seconds_per_fault: float = SECONDS_PER_FAULT


class Run:
    """One run on a stage."""

    def __init__(self, plan: Plan, on: Stage, history: History) -> None:
        self._plan = plan
        self._stage = on
        self._history = history
        self._notified: set[Notified] = set()
        self._put_aside: set[str] = set()
        self._asker = Asker(on.urls, history, Random(f"{plan.seed} asker"))  # noqa: S311 - to be repeated, not to be secret
        topics = [on.kafka.topic, on.kafka.jobs_topic, on.kafka.results_topic, on.kafka.dead_topic]
        self._reader = Reader(on.broker.address, topics, self._see)

    async def to_its_end(self) -> Verdict:
        """Return the verdict."""
        async with self._asker.running(), self._reader.running():
            await self._under_load()
            await self._peace()
            await self._reader.read_to_the_end()
            await self._stage.until_it_serves()
        jobs = await all_jobs(self._stage.dsn)
        self._history.write_jobs(jobs)
        verdict = judge(self._plan.seed, self._history, jobs, self._notified, put_aside=len(self._put_aside))
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
            await self._let_the_armed_be_hit()

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
            self._reader.reopen()
        self._history.fault(Fault(fault.kind.name, began, time.time()))

    async def _watch_crashes(self) -> None:
        """Count how often each point was hit."""
        while True:
            self._history.crashes.update(self._stage.hits())
            await asyncio.sleep(0.1)

    async def _peace(self) -> None:
        """Wait until every job has ended and every event is out, or the time for it has passed."""
        self._stage.disarm()
        with suppress(TimeoutError):
            async with asyncio.timeout(PEACE_SECONDS):
                while not await self._is_quiet():
                    await asyncio.sleep(0.5)

    async def _is_quiet(self) -> bool:
        try:
            return await is_quiet(self._stage.dsn)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False

    def _see(self, record: ReadRecord) -> None:
        headers = from_kafka(record.headers)
        if record.topic == self._stage.kafka.topic:
            body = json.loads(record.value or b"")
            notified = Notified(body["jobId"], body["status"], headers["ce_id"])
            if notified not in self._notified:
                self._notified.add(notified)
                self._asker.announced(notified.job_id, notified.status)
        elif record.topic != self._stage.kafka.dead_topic:
            self._stage.mischief.see(record)
        elif headers["icecube_code"] == "unreadable_event":
            self._put_aside.add(headers["ce_id"])


async def run(plan: Plan, folder: Path) -> Verdict:
    """Run *plan* with everything in *folder*, and return the verdict; nothing is left running."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that the broker is away, we know
    history = History(folder / "history.jsonl")
    rng = Random(f"{plan.seed} faults")  # noqa: S311 - to be repeated, not to be secret
    async with stage(
        folder, kafka=plan.kafka, store=plan.store, partitions=plan.partitions, history=history, rng=rng
    ) as on:
        return await Run(plan, on, history).to_its_end()


@asynccontextmanager
async def _running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
