"""Background work: it goes on whatever happens to it, until its block ends."""

import asyncio

import pytest

from common.kafka.clients import KafkaError
from ingest_api.upkeep.background import keep_running


class Work:
    """Work that ends in *failure* the first two times."""

    def __init__(self, failure: BaseException | None) -> None:
        self.goes_on = asyncio.Event()
        self._failure = failure
        self._runs = 0

    async def run(self) -> None:
        """Fail, return, or go on until cancelled."""
        self._runs += 1
        if self._runs > 2:
            self.goes_on.set()
            await asyncio.Event().wait()
        if self._failure:
            raise self._failure


@pytest.mark.parametrize("failure", [None, KafkaError("away"), KeyError("a mistake"), asyncio.CancelledError()])
async def test_work_that_ends_is_begun_again(failure: BaseException | None) -> None:
    """An outage, a mistake, a quiet end, or a library's task that was cancelled under it: none of them stops it."""
    work = Work(failure)

    async with keep_running("work", work.run):
        await asyncio.wait_for(work.goes_on.wait(), 60)


async def test_the_end_of_the_block_ends_the_work() -> None:
    """Whoever leaves the block leaves nothing running."""
    work = Work(None)
    async with keep_running("lasting work", work.run):
        await asyncio.wait_for(work.goes_on.wait(), 60)

    assert "lasting work" not in {task.get_name() for task in asyncio.all_tasks()}
