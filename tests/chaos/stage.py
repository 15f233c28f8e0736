"""Everything that a run attacks, by its parts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from common.failpoints import Failpoint
from common.kafka.topics import create_topics
from common.settings.groups import KafkaSettings
from tests.chaos.broker import AttackedBroker
from tests.chaos.history import History
from tests.chaos.mischief import Mischief
from tests.chaos.process import KeptProcess
from tests.chaos.storage import Storage

START_SECONDS = 90
SESSION_SECONDS = 6.0
"""The shortest that Apache Kafka allows by default (group.min.session.timeout.ms)."""
PROCESSORS = 2
MOST_PROCESSORS = 4


@dataclass
class Stage:
    """The running system, by its parts."""

    broker: AttackedBroker
    kafka: KafkaSettings
    dsn: str
    postgres_folder: Path
    postgres: KeptProcess
    apis: list[KeptProcess]
    processors: list[KeptProcess]
    urls: Sequence[str]
    storage: Storage
    armed: Path
    history: History
    mischief: Mischief
    rng: Random
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    waiting: set[Failpoint] = field(default_factory=set)
    """The points that are armed, as far as is known: whoever dies at one removes its file."""

    @property
    def working(self) -> list[KeptProcess]:
        """The processors that are there all the time, but for their faults."""
        return self.processors[:PROCESSORS]

    def lock(self, part: str) -> asyncio.Lock:
        """Return what is held by whoever disturbs *part*, so that no two faults undo each other's work."""
        return self.locks.setdefault(part, asyncio.Lock())

    def arm(self, point: Failpoint) -> None:
        """Have the next process that reaches *point* die there."""
        (self.armed / point).touch()
        self.waiting.add(point)

    def hits(self) -> set[Failpoint]:
        """Return the points at which somebody has died since this was last asked."""
        found = {point for point in self.waiting if not (self.armed / point).exists()}
        self.waiting -= found
        return found

    def disarm(self) -> None:
        """Let every process pass everywhere."""
        for point in self.waiting:
            (self.armed / point).unlink(missing_ok=True)

    def postmaster(self) -> int:
        """Return PostgreSQL's main process."""
        return int((self.postgres_folder / "postmaster.pid").read_text().splitlines()[0])

    async def until_it_serves(self) -> None:
        """Return once every API is ready; raise `TimeoutError` when that takes too long."""
        for url in self.urls:
            await until_ready(url)

    async def make_topics(self) -> None:
        """Do what the deployment does on a broker that is new."""
        if self.broker.is_real:
            await create_topics(self.kafka)


async def until_ready(url: str) -> None:
    """Return once the API at *url* says that it is ready; raise `TimeoutError`."""
    async with httpx.AsyncClient() as http, asyncio.timeout(START_SECONDS):
        while not await _is_ready(http, url):
            await asyncio.sleep(0.2)


async def _is_ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
