"""When the reports of a processor go out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from processor.jobs.linger import Linger

DEADLINE_SECONDS = 60


class Workload:
    """Image processes that have enough to do, or have not."""

    def __init__(self, *, is_enough: bool) -> None:
        self.is_enough = is_enough

    def __call__(self) -> bool:
        """Say which."""
        return self.is_enough


@asynccontextmanager
async def held(linger: Linger, number: int) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Yield so many reports that have asked for their turn and wait."""
    reports = [asyncio.create_task(linger.wait()) for _ in range(number)]
    await asyncio.sleep(0)  # each takes its first step
    yield reports
    await asyncio.wait_for(asyncio.gather(*reports, return_exceptions=True), DEADLINE_SECONDS)


async def test_with_an_image_process_to_spare_nothing_is_held() -> None:
    """A single report is sent at once: lingering costs an idle service no time."""
    linger = Linger(Workload(is_enough=False), seconds=DEADLINE_SECONDS)

    async with asyncio.timeout(DEADLINE_SECONDS / 2):
        await linger.wait()


async def test_reports_of_a_busy_processor_go_together_when_work_runs_low() -> None:
    """The first report that finds an image process without a next job lets all of them go."""
    work = Workload(is_enough=True)
    linger = Linger(work, seconds=DEADLINE_SECONDS)

    async with held(linger, 3) as reports:
        assert not any(report.done() for report in reports)
        work.is_enough = False
        await linger.wait()
        await asyncio.wait(reports, timeout=DEADLINE_SECONDS / 2)

        assert all(report.done() for report in reports)


async def test_no_report_waits_longer_than_it_may() -> None:
    """Those who wait for a job hear of it, however much there is to do."""
    linger = Linger(Workload(is_enough=True), seconds=0.01)

    async with held(linger, 2) as reports:
        done, _ = await asyncio.wait(reports, timeout=DEADLINE_SECONDS)

        assert len(done) == len(reports)


async def test_a_report_given_up_leaves_the_others_waiting() -> None:
    """Draining cancels one job; the reports of others still go when it is their turn."""
    work = Workload(is_enough=True)
    linger = Linger(work, seconds=DEADLINE_SECONDS)

    async with held(linger, 2) as (given_up, other):
        given_up.cancel()
        await asyncio.wait([given_up])
        assert not other.done()
        work.is_enough = False
        await linger.wait()
        await asyncio.wait([other], timeout=DEADLINE_SECONDS / 2)

        assert given_up.cancelled()
        assert other.done()
        assert not other.cancelled()
