"""Interactive jobs while two thousand bulk jobs wait: how long they take, and what is left to the bulk jobs.

A job waits for the one that an image process works on, and is itself made while all cores are busy: each takes no
longer than a job of an image process does then.
"""

import asyncio
import time
from collections.abc import Sequence

from deploy.local.plan import cores
from tests.bench.pictures import photograph
from tests.bench.service.client import Client, Options, client
from tests.bench.service.plan import Plan
from tests.bench.service.records import Notifications, notifications
from tests.bench.service.results import Section, Table, Verdict, percentile
from tests.bench.service.running_in import run_in
from tests.bench.service.scenarios.hundred import distinct_options
from tests.bench.service.service import running_service

BULK, SINGLES, CLIENTS = 2000, 30, 16
_LOADED_SECONDS = 15
_ASKED_AT_ONCE = 50


async def measure(plan: Plan) -> Section:
    """Time single interactive jobs without and with bulk jobs waiting, then count what ends under interactive load."""
    picture = plan.work / "priority.jpg"
    photograph("rocket", (1600, 1200)).save(picture, quality=90)
    options = iter(distinct_options(plan.rng("priority"), 2 * SINGLES + BULK + 3000))
    with running_service(plan.broker) as service:
        async with client(service) as http, notifications(service) as told:
            await run_in(http, told)
            original = await http.upload(picture)
            alone = [await _seconds(http, told, original, next(options)) for _ in range(SINGLES)]
            bulk = await _ask_in_bulk(http, original, [next(options) for _ in range(BULK)])
            asked_at = time.time()
            beside = [await _seconds(http, told, original, next(options)) for _ in range(SINGLES)]
            a_job = _seconds_of_a_process(told, asked_at, time.time())
            until = time.time() + _LOADED_SECONDS
            began, left = time.time(), len(bulk - told.by_job.keys())

            async def ask_over_and_over() -> list[str]:
                asked = []
                while time.time() < until:
                    asked.append(await _done(http, told, original, next(options)))
                return asked

            interactive = {
                job for jobs in await asyncio.gather(*(ask_over_and_over() for _ in range(CLIENTS))) for job in jobs
            }
            ended = [job for job, record in told.by_job.items() if began <= record.event_at <= until]
    share = len(bulk.intersection(ended)) / len(ended)
    rows = [
        ("a job's time in an image process beside bulk jobs, ms", f"{1000 * a_job:.0f}", ""),
        (
            "a job alone, ms, median and 95 %",
            f"{1000 * percentile(alone, 0.5):.0f}",
            f"{1000 * percentile(alone, 0.95):.0f}",
        ),
        (f"beside {BULK} bulk jobs", f"{1000 * percentile(beside, 0.5):.0f}", f"{1000 * percentile(beside, 0.95):.0f}"),
        (
            f"ended in {_LOADED_SECONDS} s under load: interactive, bulk",
            f"{len(interactive.intersection(ended))}",
            f"{len(bulk.intersection(ended))}",
        ),
    ]
    return Section(
        f"Priority: single interactive jobs beside {BULK} bulk jobs, then {CLIENTS} clients that ask without a pause",
        [
            Verdict(
                "a job beside bulk jobs, by the median; wanted: as alone, and two jobs' time in an image process then",
                1000 * percentile(beside, 0.5),
                1000 * (percentile(alone, 0.5) + 2 * a_job),
                "ms",
                "at most",
            ),
            Verdict("bulk's share of the jobs under interactive load", share, 0.1),
        ],
        [Table(("", "", ""), rows, words=f"{left} bulk jobs were left when the load began.")],
    )


def _seconds_of_a_process(told: Notifications, began: float, until: float) -> float:
    """Return how long an image process took for a job then: all were busy, one on each core."""
    ended = [record for record in told.by_job.values() if began <= record.event_at <= until]
    return (until - began) * cores() / len(ended)


async def _ask_in_bulk(http: Client, original: str, options: Sequence[Options]) -> set[str]:
    jobs: set[str] = set()
    for first in range(0, len(options), _ASKED_AT_ONCE):
        some = options[first : first + _ASKED_AT_ONCE]
        jobs |= {
            job["id"] for job in await asyncio.gather(*(http.ask(original, [one], priority="bulk") for one in some))
        }
    return jobs


async def _seconds(http: Client, told: Notifications, original: str, options: Options) -> float:
    """Return how long a job took, from the request to the notification's commit."""
    began = time.time()
    job_id = await _done(http, told, original, options)
    return told.by_job[job_id].event_at - began


async def _done(http: Client, told: Notifications, original: str, options: Options) -> str:
    job = await http.ask(original, [options])
    await told.of({job["id"]})
    return str(job["id"])
