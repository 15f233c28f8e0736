"""Bounds how many events are in hand at once."""

import asyncio


class Slots:
    """So many slots, and *beyond* them as many events that have released theirs early and are still worked on."""

    def __init__(self, count: int, *, beyond: int = 0) -> None:
        self._free = asyncio.Semaphore(count)
        self._beyond = beyond

    async def acquire(self) -> "Slot":
        """Wait for a free slot and take it."""
        await self._free.acquire()
        return Slot(self)

    def free_early(self) -> bool:
        """Free a slot whose event is still worked on; say whether there may be one more of those."""
        may = self._beyond > 0
        if may:
            self._beyond -= 1
            self._free.release()
        return may

    def free(self, *, was_early: bool) -> None:
        """Free what is left of a slot whose event is done with."""
        if was_early:
            self._beyond += 1
        else:
            self._free.release()


class Slot:
    """The slot of one event; whoever works on the event may release it, from whatever task."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._is_early = False
        self._is_closed = False

    def release(self) -> None:
        """Let another event be taken while the work on this one goes on, unless too many do already.

        Once or many times is the same; so is a release after the work has ended.
        """
        if not self._is_early and not self._is_closed:
            self._is_early = self._slots.free_early()

    def close(self) -> None:
        """Give up the slot as the work ends; once or twice is the same."""
        if not self._is_closed:
            self._is_closed = True
            self._slots.free(was_early=self._is_early)
