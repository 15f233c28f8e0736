"""Tasks end one by one: what can be made is made, stored and told, whatever becomes of the others."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from common.blob_store.disk import DiskStore, open_disk_store
from common.events import JobFailed, JobProgressed, JobRequested, JobSucceeded, TaskOutcome
from common.formats import ImageFormat
from common.ids import new_id
from common.options.tasks import TaskOptions
from common.stop_marks import mark_stopped
from processor.engine import ImageRefusedError, MadeVariant, Refusal, VariantRequest
from processor.jobs.deliveries import Deliver
from processor.jobs.failures import Failure
from processor.jobs.handler import JobHandler
from processor.jobs.outcomes import Outcomes
from processor.jobs.standing import StoredVariant
from processor.pool import Loss, WorkerLostError
from tests.doubles.images import ScriptedPool
from tests.factories.jobs import a_request, a_reusable_variant, a_task, the_variants_of

TOO_LARGE = ImageRefusedError(Refusal.VARIANT_TOO_LARGE, "It is too large.")
CRASHED = WorkerLostError(Loss.WORKER_CRASHED, "The image made the decoder crash.")


@pytest_asyncio.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[DiskStore]:
    """Yield an empty store."""
    async with open_disk_store(tmp_path / "images") as blobs:
        yield blobs


@pytest_asyncio.fixture
async def job(blobs: DiskStore, tmp_path: Path) -> JobRequested:
    """Return a job for three variants, its original stored, whose progress is wanted."""
    job = a_request(tasks=tuple(a_task(max_dimension=side) for side in (1, 2, 3)), progress=True)
    source = tmp_path / "original"
    source.write_bytes(b"original")
    await blobs.put_file(job.original.id, source)
    return job


@dataclass
class PoolWithTrouble:
    """Makes one request after another; those of some sizes are refused, or kill the process."""

    refused: set[int] = field(default_factory=set)
    lethal: set[int] = field(default_factory=set)
    asked: list[list[int]] = field(default_factory=list)

    async def make(
        self, original: Path, requests: Sequence[VariantRequest], deliver: Deliver | None = None
    ) -> list[MadeVariant]:
        """Do as a pool does."""
        assert deliver
        assert original.exists()  # noqa: ASYNC240 - one file of a test
        self.asked.append([request.options.max_dimension for request in requests])
        for place, request in enumerate(requests):
            if request.options.max_dimension in self.lethal:
                raise CRASHED
            if request.options.max_dimension in self.refused:
                deliver(place, TOO_LARGE)
                continue
            size = request.output.write_bytes(b"variant")
            deliver(place, MadeVariant(request.output, ImageFormat.WEBP, 100, 75, size, 1, 1))
            await asyncio.sleep(0)
        if self.refused:
            raise TOO_LARGE
        return []


def told_by(outcome: JobSucceeded | JobFailed) -> list[tuple[Any, ...]]:
    """Return of each task in a failure its place among all, its status, and its code."""
    assert isinstance(outcome, JobFailed)
    return [(one.status, one.code, one.variant and one.variant.byte_size) for one in outcome.tasks]


async def test_one_variant_that_cannot_be_made_keeps_no_other_from_it(blobs: DiskStore, job: JobRequested) -> None:
    """The others are stored and told; the failure is final, as nothing is left to try."""
    outcome = await JobHandler(blobs, PoolWithTrouble(refused={2})).handle(job)

    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.reason, outcome.retryable) == ("variant_too_large", "It is too large.", False)
    assert told_by(outcome) == [("completed", None, 7), ("failed", "variant_too_large", None), ("completed", None, 7)]
    assert [await blobs.exists(task.variant_id) for task in job.tasks] == [True, False, True]
    assert list(blobs.work_dir.iterdir()) == []


async def test_what_was_made_before_a_crash_is_kept(blobs: DiskStore, job: JobRequested) -> None:
    """The next attempt is asked for, and what is told of this one is done."""
    outcome = await JobHandler(blobs, PoolWithTrouble(lethal={2})).handle(job)

    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.retryable) == ("worker_crashed", True)
    assert told_by(outcome) == [("completed", None, 7)]
    assert await blobs.exists(job.tasks[0].variant_id)
    assert list(blobs.work_dir.iterdir()) == []


async def test_a_further_attempt_makes_each_by_itself(blobs: DiskStore, job: JobRequested) -> None:
    """So the variant that kills its image process is found out, and takes no other along."""
    pool = PoolWithTrouble(lethal={1})

    outcome = await JobHandler(blobs, pool).handle(job.model_copy(update={"attempt": 2}))

    assert pool.asked == [[1], [2], [3]]
    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.retryable) == ("worker_crashed", False)
    assert told_by(outcome) == [("failed", "worker_crashed", None), ("completed", None, 7), ("completed", None, 7)]


async def test_the_first_attempt_makes_all_together(blobs: DiskStore, job: JobRequested) -> None:
    """The original is decoded once."""
    pool = PoolWithTrouble()

    assert isinstance(await JobHandler(blobs, pool).handle(job), JobSucceeded)
    assert pool.asked == [[1, 2, 3]]


async def test_an_option_of_a_later_release_delays_its_own_task(blobs: DiskStore, job: JobRequested) -> None:
    """The others are made; a newer processor makes the rest."""
    later = job.tasks[0].model_copy(update={"options": TaskOptions({"fit": "cover"})})
    pool = PoolWithTrouble()

    outcome = await JobHandler(blobs, pool).handle(job.model_copy(update={"tasks": (later, *job.tasks[1:])}))

    assert pool.asked == [[2, 3]]
    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.retryable) == ("unsupported_option", True)
    assert [one.task_id for one in outcome.tasks] == [task.id for task in job.tasks[1:]]


async def test_something_else_under_a_variants_id_fails_its_task(
    blobs: DiskStore, job: JobRequested, tmp_path: Path
) -> None:
    """The others are told of."""
    (tmp_path / "text").write_bytes(b"no image")
    await blobs.put_file(job.tasks[2].variant_id, tmp_path / "text")

    outcome = await JobHandler(blobs, ScriptedPool()).handle(job)

    assert told_by(outcome) == [("completed", None, 7), ("completed", None, 7), ("failed", "variant_id_taken", None)]


async def test_no_offer_is_copied_for_an_original_that_is_gone(
    blobs: DiskStore, job: JobRequested, tmp_path: Path
) -> None:
    """It was deleted: its copies would be left behind."""
    (tmp_path / "variant").write_bytes(b"variant")
    offer = a_reusable_variant(engine="e", id=new_id())
    await blobs.put_file(offer.variant.id, tmp_path / "variant")
    tasks = tuple(task.model_copy(update={"reusable": offer}) for task in job.tasks)
    await blobs.delete(job.original.id)

    outcome = await JobHandler(blobs, ScriptedPool(), engine="e").handle(job.model_copy(update={"tasks": tasks}))

    assert isinstance(outcome, JobFailed)
    assert outcome.code == "original_missing"
    assert not any([await blobs.exists(task.variant_id) for task in tasks])


async def test_a_job_that_is_stopped_between_tasks_stores_nothing_more(blobs: DiskStore, job: JobRequested) -> None:
    """Its mark is looked for before each variant is stored, unless that was moments ago."""

    class Stopping(PoolWithTrouble):
        async def make(
            self, original: Path, requests: Sequence[VariantRequest], deliver: Deliver | None = None
        ) -> list[MadeVariant]:
            await mark_stopped(blobs, job.job_id)
            return await super().make(original, requests, deliver)

    outcome = await JobHandler(blobs, Stopping(), look_seconds=0).handle(job)

    assert isinstance(outcome, JobFailed)
    assert (outcome.code, outcome.tasks) == ("job_stopped", ())
    assert not any([await blobs.exists(task.variant_id) for task in job.tasks])
    assert list(blobs.work_dir.iterdir()) == []


class Clock:
    """A clock that is put forward by hand."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def stored(job: JobRequested, place: int) -> StoredVariant:
    """Return the variant of the task at *place*."""
    return StoredVariant(the_variants_of(job.tasks)[place], is_ours=place != 1)


async def test_progress_is_told_in_time(job: JobRequested) -> None:
    """Each outcome once, at most once in a second, and never together with the end."""
    clock = Clock()
    outcomes = Outcomes(job, "e", clock=clock)
    told: list[JobProgressed | None] = []

    outcomes.add(stored(job, 0))
    told.append(outcomes.take_progress())
    clock.now = 1
    told += [outcomes.take_progress(), outcomes.take_progress()]
    clock.now = 1.5
    outcomes.add(stored(job, 1))
    told.append(outcomes.take_progress())
    clock.now = 2
    told.append(outcomes.take_progress())
    clock.now = 3
    outcomes.fail(job.tasks[2], Failure("c", "r", retryable=False))
    told.append(outcomes.take_progress())

    first, second = (the_variants_of(job.tasks)[place] for place in (0, 1))
    assert [progress and progress.tasks for progress in told] == [
        None,
        (TaskOutcome(task_id=job.tasks[0].id, status="completed", variant=first),),
        None,
        None,
        (TaskOutcome(task_id=job.tasks[1].id, status="completed", variant=second, reused=True),),
        None,
    ]
    closing = outcomes.closing()
    assert isinstance(closing, JobFailed)
    assert [one.task_id for one in closing.tasks] == [task.id for task in job.tasks]


@pytest.mark.parametrize("progress", [True, False])
async def test_progress_is_told_only_where_it_is_wanted(job: JobRequested, *, progress: bool) -> None:
    """An API of the release before cannot read it."""
    clock = Clock()
    outcomes = Outcomes(job.model_copy(update={"progress": progress}), "e", clock=clock)
    outcomes.add(stored(job, 0))
    clock.now = 5

    assert (outcomes.take_progress() is not None) == progress


async def test_a_failure_that_may_pass_asks_for_another_attempt(job: JobRequested) -> None:
    """Whatever else failed for good; that is told beside it."""
    outcomes = Outcomes(job, "e")
    outcomes.fail(job.tasks[0], Failure("final", "r", retryable=False))
    outcomes.fail(job.tasks[1], Failure("passing", "r", retryable=True))
    outcomes.add(stored(job, 2))

    closing = outcomes.closing()

    assert isinstance(closing, JobFailed)
    assert (closing.code, closing.retryable) == ("passing", True)
    assert [(one.task_id, one.status) for one in closing.tasks] == [
        (job.tasks[0].id, "failed"),
        (job.tasks[2].id, "completed"),
    ]
