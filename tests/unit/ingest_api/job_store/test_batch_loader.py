"""One statement for all who ask at once."""

import asyncio
from collections.abc import Sequence

import pytest

from ingest_api.job_store.batch_loader import BatchLoader


class Source:
    """Something to ask: its queries, each out until it is let go on."""

    def __init__(self) -> None:
        self.queries: list[list[int]] = []
        self.value = "old"
        self.error: Exception | None = None
        self._may_end = asyncio.Event()

    async def fetch(self, keys: Sequence[int]) -> dict[int, str]:
        """Answer for the even keys, with the value as it was when the query began."""
        self.queries.append(list(keys))
        found = {key: self.value for key in keys if key % 2 == 0}
        await self._may_end.wait()
        if self.error:
            raise self.error
        return found

    def answer(self) -> None:
        """Let every query come back, those to come as well."""
        self._may_end.set()


async def asking(shared: BatchLoader[int, str], *keys: int) -> list["asyncio.Task[str | None]"]:
    """Return tasks that have asked for *keys*, one after the other."""
    tasks = []
    for key in keys:
        tasks.append(asyncio.create_task(shared.get(key)))
        for _ in range(3):  # until it has asked, and the query that it begins is out
            await asyncio.sleep(0)
    return tasks


async def test_those_who_ask_meanwhile_share_the_next_query() -> None:
    """Two queries are out at most; all who ask until one of them is back are answered by one more."""
    source = Source()
    shared = BatchLoader(source.fetch)

    tasks = await asking(shared, 0, 2, 4, 5, 4, 6)
    source.answer()

    assert await asyncio.gather(*tasks) == ["old", "old", "old", None, "old", "old"]
    assert source.queries == [[0], [2], [4, 5, 6]]


async def test_nobody_joins_a_query_that_is_out() -> None:
    """Who asks after a change sees it, even if the same was asked for before, and that query is not back."""
    source = Source()
    shared = BatchLoader(source.fetch)
    (before,) = await asking(shared, 0)

    source.value = "new"
    (after,) = await asking(shared, 0)
    source.answer()

    assert (await before, await after) == ("old", "new")


async def test_what_goes_wrong_is_raised_to_all_who_asked() -> None:
    """An error ends the query, not the sharing: those who ask later are answered."""
    source = Source()
    shared = BatchLoader(source.fetch)
    source.error = ConnectionError("away")
    tasks = await asking(shared, 0, 2, 4, 6)

    source.answer()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    source.error = None

    assert [type(answer) for answer in answers] == [ConnectionError] * 4
    assert await shared.get(8) == "old"


@pytest.mark.parametrize("leaving", [0, 1, 2, 3])
async def test_who_leaves_takes_nobody_along(leaving: int) -> None:
    """One caller's cancellation, waiting or under way, changes nothing for the others."""
    source = Source()
    shared = BatchLoader(source.fetch)
    tasks = await asking(shared, 0, 2, 4, 6)

    tasks.pop(leaving).cancel()
    source.answer()

    assert await asyncio.gather(*tasks) == ["old"] * 3


async def test_any_number_of_callers_one_after_the_other_is_answered() -> None:
    """Whatever the moment a query ends in, nobody waits for one that never begins."""
    source = Source()
    source.answer()
    shared = BatchLoader(source.fetch)

    async def often() -> set[str | None]:
        return {await shared.get(key) for key in range(0, 200, 2)}

    async with asyncio.timeout(60):
        answers = await asyncio.gather(*(often() for _ in range(5)))

    assert answers == [{"old"}] * 5
