"""Ends a processor that has silently left its consumer group, so that its supervisor starts a new one."""

import logging
import os
from collections.abc import Callable

import faust
import structlog
from mode import Service

from processor.stream.faust_internals import coordination_has_ended, group_coordinator, raise_pending_error

log = structlog.get_logger(__name__)

_LOOK_EVERY_SECONDS = 1.0
_EXIT_STATUS = 70
"""EX_SOFTWARE of sysexits.h."""


def _die() -> None:
    # Not sys.exit: Faust's shutdown would wait for the consumer that hangs. Kafka delivers running jobs again.
    os._exit(_EXIT_STATUS)


class Watchdog(Service):
    """Starts with the worker, not as a Faust task: those wait for the first assignment."""

    logger = logging.getLogger("faust.watchdog")  # Faust logs its start and stop

    def __init__(self, app: faust.App, *, longest_rebalance_seconds: float, die: Callable[[], None] = _die) -> None:
        super().__init__()
        self._app = app
        self._longest_rebalance_seconds = longest_rebalance_seconds
        self._die = die
        self._rebalancing_seconds = 0.0

    @Service.task
    async def _watch(self) -> None:
        while not self.should_stop:
            await self.sleep(_LOOK_EVERY_SECONDS)
            if self._app.should_stop:
                return  # a consumer that stops ends its coordination too
            if reason := await self.find_failure():
                log.critical("leaving: the consumer group membership is broken", reason=reason)
                self._die()

    async def find_failure(self) -> str | None:
        """Return what is wrong with the group membership, or None. Call this once a second."""
        coordinator = group_coordinator(self._app)
        if coordinator is None:
            return None
        if coordination_has_ended(coordinator):
            return "the coordination task has ended"
        try:
            await raise_pending_error(self._app, coordinator)
        except Exception as exc:  # noqa: BLE001 - whatever it is, it parked the coordinator
            return repr(exc)
        self._rebalancing_seconds = self._rebalancing_seconds + _LOOK_EVERY_SECONDS if self._app.rebalancing else 0.0
        if self._rebalancing_seconds > self._longest_rebalance_seconds:
            return f"rebalancing for {self._rebalancing_seconds:.0f} seconds"
        return None
