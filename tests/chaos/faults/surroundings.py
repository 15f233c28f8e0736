"""Faults of what surrounds us: strangers on our topics, and the blob store."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from common.kafka.clients import KafkaError
from tests.chaos.faults import FaultKind
from tests.chaos.mischief import ODDITIES, STRAYS
from tests.chaos.stage import Stage


async def _deliver_twice(stage: Stage) -> None:
    async with stage.mischief.repeating():
        await asyncio.sleep(10)


async def _strangeness(stage: Stage) -> None:
    with suppress(KafkaError, TimeoutError):
        await stage.mischief.put(stage.kafka.results_topic, STRAYS)
        for topic in (*stage.kafka.request_topics, stage.kafka.results_topic):
            stage.history.oddities += await stage.mischief.put(topic, ODDITIES)


def attack_on_storage(name: str) -> Callable[[Stage], Awaitable[None]]:
    """Return the fault that the store knows as *name*."""

    async def inflict(stage: Stage) -> None:
        async with stage.storage.attacks[name]():
            await asyncio.sleep(stage.rng.uniform(3, 8))

    return inflict


EVENT_FAULTS = [
    FaultKind("events delivered twice", _deliver_twice, 6, part="mischief"),
    FaultKind("a stranger's events", _strangeness, 4, part="broker"),
]
STORAGE_FAULTS = [
    FaultKind(name, attack_on_storage(name), 3, part="storage", needs=store)
    for store, names in {
        "disk": ["storage is gone", "disk is full"],
        "s3": ["storage refuses", "storage answers 500", "storage is slow"],
    }.items()
    for name in names
]
