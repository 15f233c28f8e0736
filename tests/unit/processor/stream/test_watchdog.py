"""What the watchdog takes for a broken membership."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from processor.stream.watchdog import Watchdog


@dataclass
class ACoordinator:
    """A coordinator as aiokafka has it."""

    _coordination_task: asyncio.Future[None] = field(default_factory=asyncio.Future)
    _pending_exception: Exception | None = None

    def check_errors(self) -> None:
        """Raise what is pending."""
        if self._pending_exception:
            raise self._pending_exception


def an_app(coordinator: ACoordinator, *, rebalancing: bool = False) -> Any:
    """Return as much of a Faust application as the watchdog looks at."""

    async def call_thread(function: Any, *arguments: Any) -> Any:
        return await function(*arguments)

    thread = SimpleNamespace(_consumer=SimpleNamespace(_coordinator=coordinator), call_thread=call_thread)
    consumer = SimpleNamespace(_thread=thread)
    return SimpleNamespace(_consumer=consumer, consumer=consumer, rebalancing=rebalancing, should_stop=False)


async def test_a_healthy_membership_is_left_alone() -> None:
    """Nothing pending, nothing ended: nothing to do."""
    assert await Watchdog(an_app(ACoordinator()), longest_rebalance_seconds=5).find_failure() is None


async def test_an_ended_coordination_is_fatal() -> None:
    """Nobody restarts that task: no heartbeats, no work, for ever."""
    coordinator = ACoordinator()
    coordinator._coordination_task.set_result(None)  # noqa: SLF001 - the double's own

    failure = await Watchdog(an_app(coordinator), longest_rebalance_seconds=5).find_failure()

    assert failure == "the coordination task has ended"


async def test_a_pending_error_is_fatal() -> None:
    """An unexpected group error parks the coordinator until somebody asks for it."""
    coordinator = ACoordinator(_pending_exception=RuntimeError("unexpected group error"))

    failure = await Watchdog(an_app(coordinator), longest_rebalance_seconds=5).find_failure()

    assert failure == "RuntimeError('unexpected group error')"


async def test_an_endless_rebalance_is_fatal() -> None:
    """A rebalance may take a while, but not for ever; one that ends starts the count anew."""
    app = an_app(ACoordinator(), rebalancing=True)
    watchdog = Watchdog(app, longest_rebalance_seconds=2)

    assert [await watchdog.find_failure() for _ in range(2)] == [None, None]
    app.rebalancing = False
    assert await watchdog.find_failure() is None
    app.rebalancing = True
    assert [await watchdog.find_failure() for _ in range(3)] == [None, None, "rebalancing for 3 seconds"]


@pytest.mark.parametrize("broken", [True, False])
async def test_the_process_ends_only_when_something_is_wrong(*, broken: bool) -> None:
    """Running, the watchdog ends the process at the first failure and does nothing otherwise."""
    coordinator = ACoordinator()
    if broken:
        coordinator._coordination_task.set_result(None)  # noqa: SLF001 - the double's own
    died = asyncio.Event()
    watchdog = Watchdog(an_app(coordinator), longest_rebalance_seconds=5, die=died.set)

    async with watchdog:
        try:
            await asyncio.wait_for(died.wait(), 60 if broken else 1.5)
        except TimeoutError:
            assert not broken
    assert died.is_set() == broken
