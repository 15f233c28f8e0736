"""Starts everything that a run attacks, with the commands of production."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from random import Random

from common.failpoints import ARMED_FOLDER
from common.settings.groups import KafkaSettings
from deploy.local.ports import free_ports
from ingest_api.job_store.migrating import migrate
from tests.chaos.broker import attacked_broker
from tests.chaos.database import set_up_witness
from tests.chaos.history import History
from tests.chaos.mischief import Mischief
from tests.chaos.process import KeptProcess, environment_without_settings
from tests.chaos.stage import MOST_PROCESSORS, PROCESSORS, SESSION_SECONDS, START_SECONDS, Stage
from tests.chaos.storage import attacked_storage

APIS = 2
_PACE = {
    "ICECUBE_KAFKA_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
    "ICECUBE_SERVER_MAX_WORKERS": "2",
    "ICECUBE_SERVER_METRICS_PORT": "0",
    "ICECUBE_SERVER_DRAIN_SECONDS": "5",
    "ICECUBE_DATABASE_MAX_CONNECTIONS": "5",
    "ICECUBE_LIMITS_TASK_SECONDS": "10",
    "ICECUBE_LIMITS_STORE_SECONDS": "15",  # the cleaner's grace is twice that, and longer than a pause
    "ICECUBE_DELIVERY_RETRY_BASE_SECONDS": "0.5",
    "ICECUBE_DELIVERY_RETRY_MAX_SECONDS": "4",
    "ICECUBE_DELIVERY_RECONCILE_SECONDS": "3",
    "ICECUBE_DELIVERY_LOST_AFTER_SECONDS": "10",
}
"""Production's behaviour at a pace that a run of minutes can show."""


@asynccontextmanager
async def stage(
    folder: Path, *, kafka: str, store: str, partitions: int, history: History, rng: Random
) -> AsyncIterator[Stage]:
    """Yield the system once it serves; everything of it has ended when the block is left, however it is."""
    async with AsyncExitStack() as stack:
        broker = await asyncio.to_thread(stack.enter_context, attacked_broker(kafka, folder / "kafka"))
        lifeline_end = stack.enter_context(_lifeline())
        logs = folder / "logs"
        logs.mkdir()
        armed = folder / "armed"
        armed.mkdir()
        base = environment_without_settings()

        ready = folder / "postgres.dsn"
        keeper = [sys.executable, "-m", "deploy.local.postgres.keeper", str(folder / "postgres")]
        postgres = KeptProcess(keeper, base | {"ICECUBE_READY_FILE": str(ready)}, logs / "postgres.log", lifeline_end)
        stack.push_async_callback(postgres.close)
        postgres.start()
        await _until(ready.exists)
        dsn = ready.read_text("utf-8")
        await migrate(dsn)
        await set_up_witness(dsn)

        users: list[KeptProcess] = []
        storage = await stack.enter_async_context(attacked_storage(store, folder, lambda: users))
        told = (
            base
            | _PACE
            | dict(storage.environment)
            | {
                "ICECUBE_DATABASE_TYPE": "postgres",
                "ICECUBE_DATABASE_URI": dsn,
                "ICECUBE_KAFKA_BROKERS": broker.address,
                "ICECUBE_KAFKA_FETCH_WAIT_MS": str(broker.fetch_wait_ms),
                ARMED_FOLDER: str(armed),
            }
        )
        settings = KafkaSettings(brokers=broker.address, partitions=partitions)
        ports = free_ports(APIS)
        apis = [
            _part("api", told | {"ICECUBE_SERVER_PORT": str(port)}, logs / f"api-{port}.log", lifeline_end)
            for port in ports
        ]
        most = MOST_PROCESSORS if broker.is_real else 1
        processors = [_part("processor", told, logs / f"processor-{n}.log", lifeline_end) for n in range(most)]
        users += [*apis, *processors]
        found = Stage(
            broker, settings, dsn, folder / "postgres", postgres, apis, processors,
            [f"http://127.0.0.1:{port}" for port in ports], storage, armed, history,
            Mischief(broker.address, rng), rng,
        )  # fmt: skip
        await found.make_topics()
        for process in users:
            stack.push_async_callback(process.close)
        for process in [*apis, *processors[:PROCESSORS]]:
            process.start()
        await found.until_it_serves()
        yield found


def _part(command: str, told: Mapping[str, str], log: Path, lifeline_end: int) -> KeptProcess:
    return KeptProcess([sys.executable, "-m", "deploy.cli", command], told, log, lifeline_end)


@contextmanager
def _lifeline() -> Iterator[int]:
    """Yield the end that the processes hold: when we are gone, however, so are they."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not condition():
            await asyncio.sleep(0.05)
