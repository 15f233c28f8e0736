"""The faults by name: what each does to the system, and how much of it a schedule may contain."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import asyncpg

from common.crash_points import CrashPoint
from common.kafka.clients import KafkaError
from tests.chaos.database import connected
from tests.chaos.mischief import ODDITIES, STRAYS
from tests.chaos.process import KeptProcess
from tests.chaos.stage import MOST_PROCESSORS, PROCESSORS, SESSION_SECONDS, Stage

_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_BACK_SECONDS = 90


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: *inflict* returns when it is over. *part* is what no other fault may touch meanwhile."""

    name: str
    inflict: Callable[[Stage], Awaitable[None]]
    weight: int = 1
    part: str = ""
    needs: str = ""
    """"apache" or a kind of store, where it makes sense nowhere else."""


async def _kill(process: KeptProcess) -> None:
    process.kill_family()


async def _kill_processor(stage: Stage) -> None:
    await _kill(stage.rng.choice(_running(stage)))


async def _kill_image_process(stage: Stage) -> None:
    children = [child for process in stage.processors for child in process.family()[1:]]
    if children:
        with suppress(ProcessLookupError):
            os.kill(stage.rng.choice(children).pid, signal.SIGKILL)


async def _kill_api(stage: Stage) -> None:
    await _kill(stage.rng.choice(stage.apis))


async def _kill_everything(stage: Stage) -> None:
    async with stage.lock("broker"), stage.lock("database"):
        for process in [*stage.apis, *stage.processors]:
            process.kill_family()
        _kill_postmaster(stage)
        await asyncio.to_thread(stage.broker.kill)
        await _bring_back(stage)


async def _pause_processor(stage: Stage) -> None:
    async with stage.rng.choice(_running(stage)).paused():
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
    process = stage.rng.choice(_running(stage))
    await process.stop()
    process.start()


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
    stage.arm(CrashPoint.LOSS_FOUND_NOT_REPAIRED)
    for process in _running(stage):
        process.signal(signal.SIGSTOP)
    await asyncio.sleep(2)
    await asyncio.to_thread(stage.broker.kill)
    stage.history.empty()
    await asyncio.to_thread(stage.broker.forget)
    for process in _running(stage):
        process.signal(signal.SIGCONT)
    await _bring_back(stage)
    await stage.make_topics()
    stage.arm(CrashPoint.LOSS_REPAIRED_NOT_SENT)


async def _bring_back(stage: Stage) -> None:
    await asyncio.to_thread(stage.broker.start)


async def _stop_postgres(stage: Stage) -> None:
    await stage.postgres.stop()
    await asyncio.sleep(stage.rng.uniform(2, 8))
    stage.postgres.start()
    await _until_it_answers(stage)


async def _kill_postgres(stage: Stage) -> None:
    _kill_postmaster(stage)
    await _until_it_answers(stage)


async def _cut_connections(stage: Stage) -> None:
    with suppress(*_AWAY):
        async with connected(stage.dsn) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'icecube-api'"
            )


async def _fill_connections(stage: Stage) -> None:
    """Take every connection that the server gives out, for a while."""
    held: list[asyncpg.Connection[asyncpg.Record]] = []
    try:
        for _ in range(100):
            held.append(await asyncpg.connect(stage.dsn, timeout=5))  # noqa: PERF401 - the last one fails
    except _AWAY:
        await _cut_connections(stage)
        await asyncio.sleep(5)
    finally:
        for connection in held:
            connection.terminate()


async def _hold_lock(stage: Stage) -> None:
    """Hold every job locked, as a careless migration would."""
    with suppress(*_AWAY):
        async with connected(stage.dsn) as connection, connection.transaction():
            await connection.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(stage.rng.uniform(5, 15))


async def _deliver_twice(stage: Stage) -> None:
    async with stage.mischief.repeating():
        await asyncio.sleep(10)


async def _strangeness(stage: Stage) -> None:
    with suppress(KafkaError, TimeoutError):
        await stage.mischief.put(stage.kafka.results_topic, STRAYS)
        for topic in (stage.kafka.jobs_topic, stage.kafka.results_topic):
            stage.history.oddities += await stage.mischief.put(topic, ODDITIES)


def attack_on_storage(name: str) -> Callable[[Stage], Awaitable[None]]:
    """Return the fault that the store knows as *name*."""

    async def inflict(stage: Stage) -> None:
        async with stage.storage.attacks[name]():
            await asyncio.sleep(stage.rng.uniform(3, 8))

    return inflict


def crash_at(point: CrashPoint) -> Callable[[Stage], Awaitable[None]]:
    """Return a fault that kills whichever process reaches *point* next."""

    async def inflict(stage: Stage) -> None:
        stage.arm(point)

    return inflict


KINDS: list[FaultKind] = [
    FaultKind("kill -9 of a processor", _kill_processor, 14),
    FaultKind("kill -9 of an image process", _kill_image_process, 8),
    FaultKind("kill -9 of an API", _kill_api, 6),
    FaultKind("kill -9 of everything", _kill_everything, 1, needs="apache"),
    FaultKind("processor paused", _pause_processor, 6),
    FaultKind("API paused", _pause_api, 4),
    FaultKind("processors join and leave", _come_and_go, 6, part="extra processors", needs="apache"),
    FaultKind("processor stopped in order", _stop_processor, 4, part="extra processors"),
    FaultKind("broker away for 5 s", broker_away(5), 2, part="broker", needs="apache"),
    FaultKind("broker away for 60 s", broker_away(60), 0, part="broker", needs="apache"),
    FaultKind("kill -9 of the broker", _kill_broker, 2, part="broker", needs="apache"),
    FaultKind("broker comes back empty", _empty_broker, 1, part="broker", needs="apache"),
    FaultKind("PostgreSQL stopped", _stop_postgres, 2, part="database"),
    FaultKind("kill -9 of PostgreSQL", _kill_postgres, 2, part="database"),
    FaultKind("connections cut", _cut_connections, 6),
    FaultKind("no connection left", _fill_connections, 2, part="database"),
    FaultKind("jobs table locked", _hold_lock, 2, part="database"),
    FaultKind("events delivered twice", _deliver_twice, 6, part="mischief"),
    FaultKind("a stranger's events", _strangeness, 4, part="broker"),
    FaultKind("storage is gone", attack_on_storage("storage is gone"), 3, part="storage", needs="disk"),
    FaultKind("disk is full", attack_on_storage("disk is full"), 3, part="storage", needs="disk"),
    FaultKind("storage refuses", attack_on_storage("storage refuses"), 3, part="storage", needs="s3"),
    FaultKind("storage answers 500", attack_on_storage("storage answers 500"), 3, part="storage", needs="s3"),
    FaultKind("storage is slow", attack_on_storage("storage is slow"), 3, part="storage", needs="s3"),
]
POINTS: list[FaultKind] = [FaultKind(f"crash: {point}", crash_at(point), 2) for point in CrashPoint]


def _running(stage: Stage) -> list[KeptProcess]:
    return stage.processors[:PROCESSORS] if stage.broker.is_real else stage.processors


def _kill_postmaster(stage: Stage) -> None:
    with suppress(OSError, IndexError):  # it is away already
        os.kill(stage.postmaster(), signal.SIGKILL)


async def _until_it_answers(stage: Stage) -> None:
    async with asyncio.timeout(_BACK_SECONDS):
        while True:
            with suppress(*_AWAY):
                async with connected(stage.dsn):
                    return
            await asyncio.sleep(0.1)
