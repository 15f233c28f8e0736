"""Bounds how many events are handled concurrently."""

import asyncio


class Slots:
    """*count* slots, and *beyond* them events that released theirs early and are still being handled."""

    def __init__(self, count: int, *, beyond: int = 0) -> None:
        self._free = asyncio.Semaphore(count)
        self._beyond = beyond

    async def acquire(self) -> "Slot":
        """Wait for a free slot and take it."""
        await self._free.acquire()
        return Slot(self)

    def free_early(self) -> bool:
        """Free a slot whose event is still being handled, unless too many are; say whether it was freed."""
        may = self._beyond > 0
        if may:
            self._beyond -= 1
            self._free.release()
        return may

    def free(self, *, was_early: bool) -> None:
        """Free the slot of a finished event; *was_early* if `free_early` has freed it."""
        if was_early:
            self._beyond += 1
        else:
            self._free.release()


class Slot:
    """The slot of one event; any task may release it."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._is_early = False
        self._is_closed = False

    def release(self) -> None:
        """Let another event start while this one is still being handled, unless too many are already.

        Repeated calls, and calls after the end, do nothing.
        """
        if not self._is_early and not self._is_closed:
            self._is_early = self._slots.free_early()

    def close(self) -> None:
        """Free the slot as the work ends; repeated calls do nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._slots.free(was_early=self._is_early)
