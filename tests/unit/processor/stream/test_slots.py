"""How many events are in hand, however the work on them is split."""

import asyncio

from processor.stream.slots import Slot, Slots


async def release(slot: Slot) -> None:
    """Release *slot* from a task of its own."""
    slot.release()


async def test_each_event_takes_and_gives_one_slot() -> None:
    """Whichever tasks release it, how often, and when: afterwards there are as many slots as before, and early ones."""
    slots = Slots(1, beyond=1)
    for _ in range(5):
        slot = await slots.acquire()
        await asyncio.gather(release(slot), release(slot))
        slot.close()
        slot.close()
        slot.release()

    held = await slots.acquire()
    waiting = asyncio.create_task(slots.acquire())
    await asyncio.sleep(0)
    assert not waiting.done()

    held.release()
    await waiting


async def test_only_so_many_go_on_without_a_slot() -> None:
    """A release beyond the bound frees nothing until the work ends."""
    slots = Slots(1, beyond=1)
    first = await slots.acquire()
    first.release()
    second = await slots.acquire()

    second.release()
    waiting = asyncio.create_task(slots.acquire())
    await asyncio.sleep(0)
    assert not waiting.done()

    first.close()
    await asyncio.sleep(0)
    assert not waiting.done()
    second.close()
    await waiting
