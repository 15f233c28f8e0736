"""Which job an image process gets next."""

from pathlib import Path
from threading import Thread

from processor.pool.job_queue import JobQueue, Lane
from processor.pool.jobs import Job


def put(queue: JobQueue, lane: Lane, count: int) -> None:
    """Add so many jobs."""
    for number in range(count):
        queue.put(Job(Path(f"{lane.name}-{number}"), []), lane)


def taken(queue: JobQueue, count: int) -> list[str]:
    """Take so many jobs; return their names."""
    return [str(job.original) for _ in range(count) if (job := queue.get())]


def test_an_interactive_job_goes_before_all_bulk_jobs() -> None:
    """However many wait: the next image process that is done takes it."""
    queue = JobQueue()
    put(queue, Lane.BULK, 2000)
    assert taken(queue, 3) == ["BULK-0", "BULK-1", "BULK-2"]

    put(queue, Lane.INTERACTIVE, 2)

    assert taken(queue, 3) == ["INTERACTIVE-0", "INTERACTIVE-1", "BULK-3"]


def test_bulk_jobs_get_one_turn_in_eight() -> None:
    """Interactive jobs without end starve nobody; each lane keeps its order."""
    queue = JobQueue()
    put(queue, Lane.INTERACTIVE, 800)
    put(queue, Lane.BULK, 200)

    first = taken(queue, 800)

    bulk = [name for name in first if name.startswith("BULK")]
    assert bulk == [f"BULK-{number}" for number in range(100)]
    assert [place for place, name in enumerate(first) if name.startswith("BULK")] == list(range(7, 800, 8))


def test_turns_are_not_saved_up() -> None:
    """Interactive jobs that went while no bulk job waited are not held against those that come later."""
    queue = JobQueue()
    put(queue, Lane.INTERACTIVE, 100)
    taken(queue, 100)
    put(queue, Lane.BULK, 1)
    put(queue, Lane.INTERACTIVE, 7)

    assert taken(queue, 8)[-1] == "BULK-0"


def test_everybody_is_let_go_at_the_end() -> None:
    """A closed queue gives no jobs, and nobody waits at it for ever."""
    queue = JobQueue()
    found: list[Job | None] = []
    waiting = [Thread(target=lambda: found.append(queue.get())) for _ in range(3)]
    for thread in waiting:
        thread.start()

    queue.close()

    for thread in waiting:
        thread.join(timeout=60)
    assert found == [None, None, None]
    put(queue, Lane.BULK, 1)
    assert queue.get() is None
