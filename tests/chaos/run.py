"""One run: the load and the faults side by side, then peace, then the verdict."""

import asyncio
import json
import logging
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from random import Random

import asyncpg
import httpx

from common.kafka.headers import from_kafka
from tests.chaos.asking import Asker
from tests.chaos.attack import Attack, running
from tests.chaos.batches import BatchClient
from tests.chaos.clients import Client
from tests.chaos.database import all_batches, all_images, all_jobs, is_quiet
from tests.chaos.errands import GONE_AFTER_SECONDS
from tests.chaos.events import Event, judge_deletions, judge_events, read_event
from tests.chaos.history import History
from tests.chaos.judging import Notified, judge
from tests.chaos.judging_batches import judge_batches
from tests.chaos.notifications import Reader, ReadRecord
from tests.chaos.opening import stage
from tests.chaos.plan import Plan
from tests.chaos.stage import Stage
from tests.chaos.variants import left_behind, still_served, unreadable_variants
from tests.chaos.verdict import Verdict

CLIENTS = 4
PEACE_SECONDS = 150
"""How long after the last fault everything may take to end; beyond it, what has not ended is lost."""


class Run:
    """One run on a stage."""

    def __init__(self, plan: Plan, on: Stage, history: History) -> None:
        self._plan = plan
        self._stage = on
        self._history = history
        self._notified: set[Notified] = set()
        self._events: set[Event] = set()
        self._put_aside: set[str] = set()
        self._asker = Asker(on.urls, history, Random(f"{plan.seed} asker"))  # noqa: S311 - to be repeated, not to be secret
        told = [on.kafka.topic, on.kafka.events_topic, on.kafka.dead_topic]
        topics = [*told, *on.kafka.request_topics, on.kafka.results_topic]
        self._reader = Reader(on.broker.address, topics, self._see)

    async def to_its_end(self) -> Verdict:
        """Return the verdict."""
        async with self._asker.running(), self._reader.running():
            await self._under_load()
            await self._peace()
            await self._reader.read_to_the_end()
            await self._stage.until_it_serves()
            await asyncio.sleep(GONE_AFTER_SECONDS)
        return await self._judge()

    async def _judge(self) -> Verdict:
        stage, history = self._stage, self._history
        jobs, images, batches = await all_jobs(stage.dsn), await all_images(stage.dsn), await all_batches(stage.dsn)
        history.write_jobs(jobs)
        verdict = judge(self._plan.seed, history, jobs, self._notified, put_aside=len(self._put_aside))
        judge_deletions(verdict, history, images)
        judge_batches(verdict, history, jobs, batches, self._events)
        judge_events(verdict, history, [*jobs, *batches], images, self._events)
        verdict.wrong_answers += await still_served(stage.urls, jobs, history.deleted)
        async with httpx.AsyncClient(base_url=stage.urls[0], timeout=30) as http:
            verdict.unreadable = await unreadable_variants(http, jobs, images, history.delete_tried)
        verdict.left_behind = await left_behind(stage.storage.environment, stage.dsn, jobs, history.delete_tried)
        return verdict

    async def _under_load(self) -> None:
        async with AsyncExitStack() as stack:
            pause = CLIENTS / self._plan.jobs_per_second
            for number in range(CLIENTS):
                rng = Random(f"{self._plan.seed} {number}")  # noqa: S311 - to be repeated, not to be secret
                client = Client(self._stage.urls, self._history, rng, pause_seconds=pause)
                await stack.enter_async_context(running(client.run()))
            rng = Random(f"{self._plan.seed} batches")  # noqa: S311 - to be repeated, not to be secret
            await stack.enter_async_context(running(BatchClient(self._stage.urls, self._history, rng).run()))
            attack = Attack(self._plan, self._stage, self._history, broker_emptied=self._reader.reopen)
            await attack.to_its_end()

    async def _peace(self) -> None:
        """Wait until every job has ended and every event is out, or the time for it has passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PEACE_SECONDS):
                while not await self._is_quiet():
                    await asyncio.sleep(0.5)

    async def _is_quiet(self) -> bool:
        try:
            return await is_quiet(self._stage.dsn)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return False

    def _see(self, record: ReadRecord) -> None:
        headers = from_kafka(record.headers)
        if record.topic == self._stage.kafka.topic:
            body = json.loads(record.value or b"")
            notified = Notified(body["jobId"], body["status"], headers["ce_id"])
            if notified not in self._notified:
                self._notified.add(notified)
                self._asker.announced(notified.job_id, notified.status)
        elif record.topic == self._stage.kafka.events_topic:
            self._events.add(read_event(record))
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
