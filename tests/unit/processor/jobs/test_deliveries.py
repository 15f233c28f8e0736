"""How variants come from the pool to the store."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from processor.engine import ImageRefusedError, Refusal
from processor.jobs.deliveries import Deliveries, Delivery, wait_for_all

ONE = ImageRefusedError(Refusal.VARIANT_TOO_LARGE, "One.")
DEADLINE_SECONDS = 20


class Settled:
    """Remembers what was settled together."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.first = asyncio.Event()

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Settle."""
        self.groups.append([place for place, _ in deliveries])
        self.first.set()


async def test_a_quick_job_s_variants_are_settled_together() -> None:
    """One look at the store, one wait, as if they had all come at once."""
    settled = Settled()

    async with Deliveries(settled, linger_seconds=DEADLINE_SECONDS) as deliveries:
        for place in range(3):
            await asyncio.to_thread(deliveries.put, place, ONE)

    assert settled.groups == [[0, 1, 2]]
    assert [place for place, _ in deliveries.taken] == [0, 1, 2]


async def test_a_slow_job_s_variants_are_settled_while_others_are_made() -> None:
    """They are put from another thread, and settled here, each once."""
    settled = Settled()

    async with Deliveries(settled, linger_seconds=0) as deliveries, asyncio.timeout(DEADLINE_SECONDS):
        await asyncio.to_thread(deliveries.put, 0, ONE)
        await settled.first.wait()
        assert settled.groups == [[0]]
        await asyncio.to_thread(deliveries.put, 1, ONE)

    assert settled.groups == [[0], [1]]


async def test_an_error_of_settling_is_raised_when_all_have_ended() -> None:
    """Whatever fails, nothing is left running."""
    ended: list[int] = []

    async def settle(deliveries: Sequence[Delivery]) -> None:
        place = deliveries[0][0]
        if place == 0:
            raise LookupError(place)
        await asyncio.sleep(0.01)
        ended.append(place)

    async def deliver_two() -> None:
        async with Deliveries(settle, linger_seconds=0) as deliveries:
            for place in (0, 1):
                deliveries.put(place, ONE)
                await asyncio.sleep(0)

    with pytest.raises(LookupError):
        await deliver_two()

    assert ended == [1]


async def test_a_block_that_fails_settles_nothing_more() -> None:
    """What is being settled is cancelled, what waits is left; a delivery on its way from a thread is too late."""
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def settle(_: Sequence[Delivery]) -> None:
        assert not begun.is_set()
        begun.set()
        try:
            await asyncio.sleep(DEADLINE_SECONDS)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def deliver_and_fail() -> None:
        async with Deliveries(settle, linger_seconds=0) as deliveries:
            deliveries.put(0, ONE)
            await begun.wait()
            thread = threading.Thread(target=deliveries.put, args=(1, ONE))
            thread.start()
            thread.join()
            raise KeyError

    with pytest.raises(KeyError):
        await deliver_and_fail()
    await asyncio.sleep(0)

    assert cancelled.is_set()


async def test_cancelling_who_waits_cancels_all() -> None:
    """And waits until they have ended."""
    ended = 0

    async def work() -> None:
        nonlocal ended
        try:
            await asyncio.sleep(DEADLINE_SECONDS)
        finally:
            ended += 1

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(wait_for_all([work() for _ in range(3)]), timeout=0.05)
    assert ended == 3
