"""Ends a processor that has silently left its group, so that whoever supervises it starts a new one."""

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
    # Not sys.exit: Faust's shutdown waits for the very consumer that hangs. What is in hand is delivered again.
    os._exit(_EXIT_STATUS)


class Watchdog(Service):
    """Started with the worker rather than as a Faust task, as those wait for the first assignment."""

    logger = logging.getLogger("faust.watchdog")  # its comings and goings are Faust's to tell

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
            if reason := await self.ailment():
                log.critical("leaving: the consumer group membership is broken", reason=reason)
                self._die()

    async def ailment(self) -> str | None:
        """Return what is wrong with the group membership, None when nothing is. To be asked once a second."""
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
