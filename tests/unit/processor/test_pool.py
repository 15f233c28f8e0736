"""What the processor can rely on when it hands work to the image processes."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import landlockpy
import numpy as np
import psutil
import pytest
import seccompy

from common.formats import ImageFormat
from common.options import VariantOptions
from processor.engine import ImageLimits, ImageRefusedError, VariantRequest
from processor.pool import ImagePool, Loss, WorkerLostError
from tests.unit.processor.engine.pictures import gradient, saved
from tests.unit.processor.misbehaviour import by_name, change_original, look_around

LIMITS = ImageLimits(megapixels=100, side_pixels=16384)


def a_pool(**settings: Any) -> ImagePool:
    """Return a pool of one process, or as *settings* say."""
    chosen: dict[str, Any] = {"workers": 1, "limits": LIMITS} | settings
    return ImagePool(**chosen)


def a_request(folder: Path, name: str = "variant") -> VariantRequest:
    """Return a request for a JPEG in *folder*."""
    return VariantRequest(folder / name, VariantOptions(format=ImageFormat.JPEG))


def started(request: VariantRequest) -> Path:
    """Return the file that `by_name` writes first: it holds the process's id."""
    return request.output.with_suffix(".started")


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for *condition*, and fail when it does not come true within *seconds*."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def is_gone(pid: int) -> bool:
    """Say whether no process *pid* runs any more."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    return True


async def test_a_child_does_the_work(tmp_path: Path) -> None:
    """The variant is made from paths alone, in another process, and this one never loads libvips."""
    original = saved(tmp_path, gradient(40, 30))

    async with a_pool() as pool:
        [variant] = await pool.make(original, [a_request(tmp_path)])

    assert (variant.width, variant.height) == (40, 30)
    assert variant.byte_size == variant.path.stat().st_size


async def test_a_refusal_comes_back_whole(tmp_path: Path) -> None:
    """Code and reason of a refusal survive the way between processes."""
    original = tmp_path / "words.jpeg"
    original.write_text("no picture")

    async with a_pool() as pool:
        with pytest.raises(ImageRefusedError) as caught:
            await pool.make(original, [a_request(tmp_path)])

    assert caught.value.code == "unsupported_format"
    assert caught.value.reason == "The file is not an image of a supported format."


@pytest.mark.parametrize("name", ["crash", "exit"])
async def test_a_crash_loses_one_job_only(tmp_path: Path, name: str) -> None:
    """A child that dies fails its own job, the one that waits behind it is done by the next child."""
    original = saved(tmp_path, gradient(40, 30))

    async with a_pool(work=by_name) as pool:
        dying = asyncio.ensure_future(pool.make(tmp_path / name, [a_request(tmp_path, "lost")]))
        waiting = asyncio.ensure_future(pool.make(original, [a_request(tmp_path)]))
        with pytest.raises(WorkerLostError) as caught:
            await dying
        [variant] = await waiting

    assert caught.value.code is Loss.WORKER_CRASHED
    assert variant.width == 40


@pytest.mark.parametrize("name", ["sleep", "spin"])
async def test_a_child_that_hangs_is_killed_and_disturbs_no_other(tmp_path: Path, name: str) -> None:
    """The limit ends a hanging task, while another child goes on working."""
    original = saved(tmp_path, gradient(40, 30))
    hanging = a_request(tmp_path, "hanging")

    async with a_pool(workers=2, work=by_name, task_seconds=1) as pool:
        hung = asyncio.ensure_future(pool.make(tmp_path / name, [hanging]))
        await until(started(hanging).exists)
        for number in range(5):
            await pool.make(original, [a_request(tmp_path, f"other{number}")])
        with pytest.raises(WorkerLostError) as caught:
            await hung

    assert caught.value.code is Loss.TIME_LIMIT
    assert is_gone(int(started(hanging).read_text()))


async def test_time_in_the_queue_does_not_count(tmp_path: Path) -> None:
    """A job's limit begins when a child takes it up, however long it waited."""
    original = saved(tmp_path, gradient(40, 30))

    async with a_pool(work=by_name, task_seconds=1.5) as pool:
        hung = asyncio.ensure_future(pool.make(tmp_path / "sleep", [a_request(tmp_path, "hanging")]))
        [variant] = await pool.make(original, [a_request(tmp_path)])
        with pytest.raises(WorkerLostError):
            await hung

    assert variant.width == 40


async def test_work_waits_when_there_is_more_than_children(tmp_path: Path) -> None:
    """One job for one child leaves nothing waiting, a second does, until it is given up."""
    at_work = a_request(tmp_path, "at-work")

    async with a_pool(work=by_name) as pool:
        first = asyncio.ensure_future(pool.make(tmp_path / "sleep", [at_work]))
        await until(started(at_work).exists)
        assert not pool.has_work_waiting()
        second = asyncio.ensure_future(pool.make(tmp_path / "sleep", [a_request(tmp_path)]))
        await until(pool.has_work_waiting)
        second.cancel()

        await until(lambda: not pool.has_work_waiting())

    await asyncio.gather(first, second, return_exceptions=True)


async def test_a_job_has_the_time_of_all_its_variants(tmp_path: Path) -> None:
    """The limit is for each variant: three of them may take three times as long."""
    began = time.monotonic()

    async with a_pool(work=by_name, task_seconds=0.7) as pool:
        with pytest.raises(WorkerLostError, match=r"2\.1 seconds"):
            await pool.make(tmp_path / "sleep", [a_request(tmp_path, name) for name in "abc"])

    assert time.monotonic() - began > 2


async def test_too_much_memory_ends_the_task_not_the_child(tmp_path: Path) -> None:
    """A picture that needs more than a task may use is told so; the next one is made."""
    large = saved(tmp_path, np.zeros((6000, 6000, 3), np.uint8), "large.png", compress_level=1)
    small = saved(tmp_path, gradient(40, 30))

    async with a_pool(task_memory_mb=64) as pool:
        with pytest.raises(WorkerLostError) as caught:
            await pool.make(large, [a_request(tmp_path)])
        [variant] = await pool.make(small, [a_request(tmp_path)])

    assert caught.value.code is Loss.OUT_OF_MEMORY
    assert "64 MB" in caught.value.reason
    assert variant.width == 40


async def test_cancelling_stops_the_work(tmp_path: Path) -> None:
    """Nobody waits for the variants any more, so the child that makes them is killed and replaced."""
    request = a_request(tmp_path)

    async with a_pool(work=by_name) as pool:
        job = asyncio.ensure_future(pool.make(tmp_path / "sleep", [request]))
        await until(lambda: started(request).exists() and started(request).read_text() != "")
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        await until(lambda: is_gone(int(started(request).read_text())))
        [variant] = await pool.make(saved(tmp_path, gradient(40, 30)), [a_request(tmp_path, "next")])

    assert variant.width == 40


async def test_what_a_lost_child_left_is_removed(tmp_path: Path) -> None:
    """Half an output never outlives its job."""
    request = a_request(tmp_path)

    async with a_pool(work=by_name) as pool:
        with pytest.raises(WorkerLostError):
            await pool.make(tmp_path / "leave", [request])

    assert started(request).exists()
    assert not request.output.exists()


async def test_an_idle_childs_death_is_mended(tmp_path: Path) -> None:
    """A child killed between two jobs costs no job anything: neither it nor its image is to blame."""
    original = saved(tmp_path, gradient(40, 30))

    restarts: list[str] = []

    async with a_pool(work=by_name, restarted=lambda: restarts.append("restarted")) as pool:
        first = a_request(tmp_path, "first")
        await pool.make(original, [first])
        os.kill(int(started(first).read_text()), signal.SIGKILL)
        [variant] = await pool.make(original, [a_request(tmp_path)])

    assert variant.width == 40
    assert restarts == ["restarted"]


async def test_a_job_that_nobody_takes_up_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """A child that stands still on its way to a job is replaced, and every job that waited is made."""
    original = saved(tmp_path, gradient(40, 30))
    restarts: list[str] = []

    async with a_pool(
        work=by_name, task_seconds=0.5, grace_seconds=1, restarted=lambda: restarts.append("restarted")
    ) as pool:
        first = a_request(tmp_path, "first")
        await pool.make(original, [first])
        os.kill(int(started(first).read_text()), signal.SIGSTOP)
        jobs = (pool.make(original, [a_request(tmp_path, name)]) for name in ("one", "other"))
        async with asyncio.timeout(30):
            made = await asyncio.gather(*jobs)

    assert [variant.width for [variant] in made] == [40, 40]
    assert restarts == ["restarted"]


async def test_a_child_killed_beside_others_at_work_costs_one_job_at_most(tmp_path: Path) -> None:
    """Chaos seed 3, "kill -9 of an image process": whoever is killed, the jobs of the others are made."""
    original = saved(tmp_path, gradient(40, 30))

    async with a_pool(workers=3, work=by_name) as pool:
        for round_number in range(5):
            first = a_request(tmp_path, f"first{round_number}")
            await pool.make(original, [first])
            os.kill(int(started(first).read_text()), signal.SIGKILL)
            jobs = (pool.make(original, [a_request(tmp_path, f"{round_number}-{job}")]) for job in range(6))
            results = await asyncio.gather(*jobs, return_exceptions=True)

            assert sum(isinstance(result, WorkerLostError) for result in results) <= 1
            assert sum(isinstance(result, list) for result in results) >= 5


async def test_children_are_replaced_in_time(tmp_path: Path) -> None:
    """After so many jobs a child makes room for a fresh one, and with it goes whatever leaked."""
    original = saved(tmp_path, gradient(40, 30))
    requests = [a_request(tmp_path, f"variant{number}") for number in range(6)]

    async with a_pool(work=by_name, tasks_per_child=2) as pool:
        for request in requests:
            await pool.make(original, [request])

    assert len({started(request).read_text() for request in requests}) == 3


async def test_closing_kills_what_runs(tmp_path: Path) -> None:
    """Closing takes seconds at most, whatever the children do, and leaves none."""
    requests = [a_request(tmp_path, name) for name in ("one", "other")]

    async with a_pool(workers=2, work=by_name) as pool:
        jobs = [asyncio.ensure_future(pool.make(tmp_path / "spin", [request])) for request in requests]
        await until(lambda: all(started(request).exists() for request in requests))
        began = time.monotonic()

    assert time.monotonic() - began < 5
    assert all(is_gone(int(started(request).read_text())) for request in requests)
    assert all(isinstance(end, BaseException) for end in await asyncio.gather(*jobs, return_exceptions=True))


async def test_a_child_is_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret of the parent's environment, none of its descriptors, no network, no other program or process."""
    monkeypatch.setenv("ICECUBE_SECRET", "hunter2")
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    folder = tmp_path / "work"
    folder.mkdir()

    with socket.socket() as connection, secret.open() as opened:
        os.set_inheritable(opened.fileno(), True)
        os.set_inheritable(connection.fileno(), True)
        needed_to_look = [Path("/proc"), Path(__file__).parents[2]]
        async with a_pool(work=look_around, folders=[folder, *needed_to_look]) as pool:
            [seen] = [await pool.make(secret, [])]

    found: Any = seen
    assert found["environment"] == ""
    assert found["variables"] == ["RAYON_NUM_THREADS"]
    assert not any(str(tmp_path) in path for path in found["descriptors"])
    if landlockpy.supported():
        assert found["file"] == "PermissionError"
    if seccompy.supported():
        assert (found["socket"], found["program"], found["signal"]) == ("PermissionError",) * 3


async def test_originals_are_children_s_to_read_only(tmp_path: Path) -> None:
    """A decoder taken over by a hostile picture cannot touch anybody's stored images."""
    if not landlockpy.supported():
        pytest.skip("needs a kernel with Landlock")
    stored, work = tmp_path / "stored", tmp_path / "work"
    stored.mkdir()
    work.mkdir()
    original = stored / "original"
    original.write_bytes(b"x")

    async with a_pool(work=change_original, folders=[work, Path(__file__).parents[2]], readable=[stored]) as pool:
        [seen] = [await pool.make(original, [])]

    found: Any = seen
    assert found == dict.fromkeys(["write", "remove", "beside"], "PermissionError") | {"read": "done"}
    assert original.read_bytes() == b"x"


async def test_children_die_with_their_parent(tmp_path: Path) -> None:
    """When the processor is killed outright, no child goes on."""
    program = (
        "import asyncio, pathlib, sys\n"
        "from tests.unit.processor.test_pool import a_pool, a_request\n"
        "from tests.unit.processor.misbehaviour import by_name\n"
        "async def main(folder):\n"
        "    async with a_pool(work=by_name) as pool:\n"
        "        await pool.make(folder / 'spin', [a_request(folder)])\n"
        "asyncio.run(main(pathlib.Path(sys.argv[1])))\n"
    )
    mark = started(a_request(tmp_path))

    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(tmp_path))
    await until(lambda: mark.exists() and mark.read_text() != "")
    parent.kill()
    await parent.wait()

    await until(lambda: is_gone(int(mark.read_text())))
