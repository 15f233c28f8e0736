"""What the processor can rely on when it hands work to the image processes."""

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import ImageRefusedError, MadeVariant, Refusal, VariantRequest
from processor.pool import EngineFailedError, Loss, WorkerLostError
from processor.pool.frames import MAX_FRAME_BYTES, framed
from tests.unit.processor.engine.pictures import gradient, saved
from tests.unit.processor.pools import Witness, a_pool, a_request, a_witness, is_gone, ordered, until


async def test_a_child_does_the_work(tmp_path: Path) -> None:
    """The variant is made in another process, and this one writes what it has made."""
    original = saved(tmp_path, gradient(40, 30))

    async with a_pool() as pool:
        [variant] = await pool.make(original, [a_request(tmp_path)])

    assert (variant.width, variant.height) == (40, 30)
    assert variant.byte_size == variant.path.stat().st_size


async def test_a_large_picture_needs_no_file(tmp_path: Path) -> None:
    """Pixels beyond 100 MB would go to a temporary file, which a child may not write; here they stay in memory."""
    Image.new("RGB", (8000, 5000), (10, 200, 30)).save(tmp_path / "original.webp", quality=50)
    request = VariantRequest(tmp_path / "variant", VariantOptions(format=ImageFormat.JPEG))

    async with a_pool() as pool:
        [made] = await pool.make(tmp_path / "original.webp", [request])

    assert (made.width, made.height) == (8000, 5000)


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
async def test_a_crash_loses_one_job_only(tmp_path: Path, witness: Witness, name: str) -> None:
    """A child that dies fails its own job, the one that waits behind it is done by the next child."""
    original = saved(tmp_path, gradient(40, 30))

    async with a_pool(load_work=witness.load_work) as pool:
        dying = asyncio.ensure_future(pool.make(ordered(tmp_path, name), [a_request(tmp_path, "lost")]))
        waiting = asyncio.ensure_future(pool.make(original, [a_request(tmp_path)]))
        with pytest.raises(WorkerLostError) as caught:
            await dying
        [variant] = await waiting

    assert caught.value.code is Loss.WORKER_CRASHED
    assert variant.width == 40


async def test_a_surprise_is_told_and_costs_one_job(tmp_path: Path, witness: Witness) -> None:
    """An error that nobody has thought of comes back as text, and the process that met it is replaced."""
    original = saved(tmp_path, gradient(40, 30))

    async with a_pool(load_work=witness.load_work) as pool:
        with pytest.raises(EngineFailedError) as caught:
            await pool.make(ordered(tmp_path, "surprise"), [a_request(tmp_path, "lost")])
        [variant] = await pool.make(original, [a_request(tmp_path)])

    assert variant.width == 40
    assert str(caught.value) == "LookupError: nobody has thought of this"
    assert "misbehaviour.py" in caught.value.__notes__[0]
    assert len(set(witness.begun)) == 2


@pytest.mark.parametrize("name", ["sleep", "spin"])
async def test_a_child_that_hangs_is_killed_and_disturbs_no_other(tmp_path: Path, witness: Witness, name: str) -> None:
    """The limit ends a hanging task, while another child goes on working."""
    original = saved(tmp_path, gradient(40, 30))

    async with a_pool(workers=2, load_work=witness.load_work, task_seconds=5) as pool:
        hung = asyncio.ensure_future(pool.make(ordered(tmp_path, name), [a_request(tmp_path, "hanging")]))
        await until(lambda: len(witness.begun) == 1)
        for number in range(5):
            await pool.make(original, [a_request(tmp_path, f"other{number}")])
        with pytest.raises(WorkerLostError) as caught:
            await hung
        await until(lambda: is_gone(witness.begun[0]))

    assert caught.value.code is Loss.TIME_LIMIT


async def test_time_in_the_queue_does_not_count(tmp_path: Path, witness: Witness) -> None:
    """A job's limit begins when a child takes it up, however long it waited."""
    original = saved(tmp_path, gradient(40, 30))

    async with a_pool(load_work=witness.load_work, task_seconds=5) as pool:
        hung = asyncio.ensure_future(pool.make(ordered(tmp_path, "sleep"), [a_request(tmp_path, "hanging")]))
        [variant] = await pool.make(original, [a_request(tmp_path)])
        with pytest.raises(WorkerLostError):
            await hung

    assert variant.width == 40


async def test_work_waits_when_there_is_more_than_children(tmp_path: Path, witness: Witness) -> None:
    """One job for one child leaves nothing waiting, a second does, until it is given up."""
    sleep = ordered(tmp_path, "sleep")

    async with a_pool(load_work=witness.load_work) as pool:
        first = asyncio.ensure_future(pool.make(sleep, [a_request(tmp_path, "at-work")]))
        await until(lambda: len(witness.begun) == 1)
        assert not pool.has_work_waiting()
        second = asyncio.ensure_future(pool.make(sleep, [a_request(tmp_path)]))
        await until(pool.has_work_waiting)
        second.cancel()

        await until(lambda: not pool.has_work_waiting())

    await asyncio.gather(first, second, return_exceptions=True)


async def test_a_job_has_the_time_of_all_its_variants(tmp_path: Path, witness: Witness) -> None:
    """The limit is for each variant: three of them may take three times as long."""
    began = time.monotonic()

    async with a_pool(load_work=witness.load_work, task_seconds=0.7) as pool:
        with pytest.raises(WorkerLostError, match=r"2\.1 seconds"):
            await pool.make(ordered(tmp_path, "sleep"), [a_request(tmp_path, name) for name in "abc"])

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


async def test_an_original_beyond_the_memory_is_told_so(tmp_path: Path) -> None:
    """An original is mapped into memory, so one that is larger than a task's cannot be."""
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(100 * 1024 * 1024)

    async with a_pool(task_memory_mb=64) as pool:
        with pytest.raises(WorkerLostError) as caught:
            await pool.make(large, [a_request(tmp_path)])

    assert caught.value.code is Loss.OUT_OF_MEMORY


async def test_cancelling_stops_the_work(tmp_path: Path, witness: Witness) -> None:
    """Nobody waits for the variants any more, so the child that makes them is killed and replaced."""
    async with a_pool(load_work=witness.load_work) as pool:
        job = asyncio.ensure_future(pool.make(ordered(tmp_path, "sleep"), [a_request(tmp_path)]))
        await until(lambda: len(witness.begun) == 1)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        await until(lambda: is_gone(witness.begun[0]))
        [variant] = await pool.make(saved(tmp_path, gradient(40, 30)), [a_request(tmp_path, "next")])

    assert variant.width == 40


async def test_what_a_lost_child_left_is_removed(tmp_path: Path, witness: Witness) -> None:
    """Half of what was asked for never outlives its job."""
    whole = saved(tmp_path, gradient(40, 30), "whole.jpeg").read_bytes()
    requests = [a_request(tmp_path, name) for name in ("one", "other")]

    async with a_pool(load_work=witness.load_work) as pool:
        with pytest.raises(WorkerLostError):
            await pool.make(ordered(tmp_path, "leave", whole), requests)

    assert len(witness.begun) == 1
    assert not [request for request in requests if request.output.exists()]


async def test_what_was_delivered_outlives_a_lost_child(tmp_path: Path, witness: Witness) -> None:
    """It was handed over as soon as it was written, and is whoever's took it; the rest is removed."""
    whole = saved(tmp_path, gradient(40, 30), "whole.jpeg").read_bytes()
    requests = [a_request(tmp_path, name) for name in ("one", "other")]
    delivered: list[tuple[int, MadeVariant | ImageRefusedError]] = []

    async with a_pool(load_work=witness.load_work) as pool:
        with pytest.raises(WorkerLostError):
            await pool.make(ordered(tmp_path, "leave", whole), requests, lambda *one: delivered.append(one))

    [(place, made)] = delivered
    assert isinstance(made, MadeVariant)
    assert (place, made.path, made.path.read_bytes()) == (0, requests[0].output, whole)
    assert not requests[1].output.exists()


async def test_a_refused_variant_keeps_no_other_from_being_made(tmp_path: Path) -> None:
    """It is delivered beside the others, and raised when they are made; the child goes on."""
    wide = saved(tmp_path, gradient(16384, 2), "wide.png")
    options = [VariantOptions(format=ImageFormat.WEBP), VariantOptions(format=ImageFormat.JPEG, max_dimension=64)]
    requests = [VariantRequest(tmp_path / f"{place}", option) for place, option in enumerate(options)]
    delivered: dict[int, MadeVariant | ImageRefusedError] = {}

    async with a_pool() as pool:
        with pytest.raises(ImageRefusedError, match="16383 pixels a side at most"):
            await pool.make(wide, requests, delivered.__setitem__)
        before = pool.process_ids
        with pytest.raises(ImageRefusedError):
            await pool.make(wide, requests)
        assert pool.process_ids == before

    refused, made = delivered[0], delivered[1]
    assert isinstance(refused, ImageRefusedError)
    assert refused.code is Refusal.VARIANT_TOO_LARGE
    assert isinstance(made, MadeVariant)
    assert made.width == 64
    assert not [request for request in requests if request.output.exists()]


async def test_an_idle_childs_death_is_mended(tmp_path: Path, witness: Witness) -> None:
    """A child killed between two jobs costs no job anything: neither it nor its image is to blame."""
    original = saved(tmp_path, gradient(40, 30))
    restarts: list[str] = []

    async with a_pool(load_work=witness.load_work, restarted=lambda: restarts.append("restarted")) as pool:
        await pool.make(original, [a_request(tmp_path, "first")])
        os.kill(witness.begun[0], signal.SIGKILL)
        [variant] = await pool.make(original, [a_request(tmp_path)])

    assert variant.width == 40
    assert restarts == ["restarted"]


async def test_a_job_that_nobody_takes_up_is_not_waited_for_for_ever(tmp_path: Path, witness: Witness) -> None:
    """A child that stands still on its way to a job is replaced, and every job that waited is made."""
    original = saved(tmp_path, gradient(40, 30))
    restarts: list[str] = []

    async with a_pool(
        load_work=witness.load_work, grace_seconds=5, restarted=lambda: restarts.append("restarted")
    ) as pool:
        await pool.make(original, [a_request(tmp_path, "first")])
        os.kill(witness.begun[0], signal.SIGSTOP)
        jobs = (pool.make(original, [a_request(tmp_path, name)]) for name in ("one", "other"))
        async with asyncio.timeout(60):
            made = await asyncio.gather(*jobs)

    assert [variant.width for [variant] in made] == [40, 40]
    assert restarts == ["restarted"]


async def test_a_child_killed_beside_others_at_work_costs_one_job_at_most(tmp_path: Path, witness: Witness) -> None:
    """Chaos seed 3, "kill -9 of an image process": whoever is killed, the jobs of the others are made."""
    original = saved(tmp_path, gradient(40, 30))

    async with a_pool(workers=3, load_work=witness.load_work) as pool:
        for round_number in range(5):
            await pool.make(original, [a_request(tmp_path, f"first{round_number}")])
            os.kill(witness.begun[-1], signal.SIGKILL)
            jobs = (pool.make(original, [a_request(tmp_path, f"{round_number}-{job}")]) for job in range(6))
            results = await asyncio.gather(*jobs, return_exceptions=True)

            assert sum(isinstance(result, WorkerLostError) for result in results) <= 1
            assert sum(isinstance(result, list) for result in results) >= 5


async def test_the_fork_servers_death_is_mended(tmp_path: Path, witness: Witness) -> None:
    """Its children end with it; another is started, and with it new children."""
    original = saved(tmp_path, gradient(40, 30))

    async with a_pool(load_work=witness.load_work) as pool:
        await pool.make(original, [a_request(tmp_path, "first")])
        child = witness.begun[0]
        server = psutil.Process(child).ppid()
        os.kill(server, signal.SIGKILL)
        await until(lambda: is_gone(child))
        [variant] = await pool.make(original, [a_request(tmp_path)])

    assert variant.width == 40


async def test_children_are_replaced_in_time(tmp_path: Path, witness: Witness) -> None:
    """After so many jobs a child makes room for a fresh one, and with it goes whatever leaked."""
    original = saved(tmp_path, gradient(40, 30))

    async with a_pool(load_work=witness.load_work, tasks_per_child=2) as pool:
        for number in range(6):
            await pool.make(original, [a_request(tmp_path, f"variant{number}")])

    first, _, second, _, third, _ = witness.begun
    assert witness.begun == [first, first, second, second, third, third]
    assert len({first, second, third}) == 3


async def test_closing_kills_what_runs(tmp_path: Path, witness: Witness) -> None:
    """Closing takes seconds at most, whatever the children do, leaves none, and cancels the jobs in hand."""
    spin = ordered(tmp_path, "spin")

    async with a_pool(workers=2, load_work=witness.load_work) as pool:
        jobs = [asyncio.ensure_future(pool.make(spin, [a_request(tmp_path, name)])) for name in ("one", "other")]
        await until(lambda: len(witness.begun) == 2)
        waiting = asyncio.ensure_future(pool.make(spin, [a_request(tmp_path, "waiting")]))
        await asyncio.sleep(0)
        began = time.monotonic()

    assert time.monotonic() - began < 30
    assert all(is_gone(process_id) for process_id in witness.begun)
    ends = await asyncio.gather(*jobs, waiting, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)


async def test_a_missing_original_is_told_as_it_is(tmp_path: Path) -> None:
    """That there is no file says nothing about the image."""
    async with a_pool() as pool:
        with pytest.raises(FileNotFoundError):
            await pool.make(tmp_path / "none", [a_request(tmp_path)])


async def test_an_original_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    """A FIFO would be read until somebody wrote to it, a device for ever."""
    os.mkfifo(tmp_path / "fifo")

    async with a_pool() as pool:
        with pytest.raises(OSError, match="not a regular file"):
            await pool.make(tmp_path / "fifo", [a_request(tmp_path)])


async def test_an_output_is_a_new_file(tmp_path: Path) -> None:
    """A link where the output is to be is replaced, and what it leads to is left alone."""
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    request = a_request(tmp_path)
    request.output.symlink_to(precious)

    async with a_pool() as pool:
        await pool.make(saved(tmp_path, gradient(40, 30)), [request])

    assert precious.read_bytes() == b"precious"
    assert not request.output.is_symlink()


def told(**members: object) -> bytes:
    """Return a child's answer as it travels."""
    return framed(json.dumps(members).encode())


def a_variant_told(**members: object) -> bytes:
    """Return what a child tells of a variant before its bytes."""
    usual = {"place": 0, "byte_size": 4, "frames": 1, "original_frames": 1, "picture_seconds": 0, "encode_seconds": 0}
    return told(kind="variant", **usual | members)


LIES = {
    "a place that was not asked for": a_variant_told(place=1),
    "a place before the first": a_variant_told(place=-1),
    "no bytes": a_variant_told(byte_size=0),
    "bytes without end": a_variant_told(byte_size=2**60) + b"x",
    "frames below one": a_variant_told(frames=0),
    "time without end": a_variant_told().replace(b'"picture_seconds": 0', b'"picture_seconds": Infinity'),
    "a path of its own": a_variant_told(path="/etc/passwd"),
    "an answer out of turn": told(kind="ready"),
    "an unknown answer": told(kind="run", command="id"),
    "an unknown refusal": told(kind="refused", code="because", reason=""),
    "a reason without end": told(kind="refused", code="image_damaged", reason="x" * 5000),
    "no JSON": framed(b"\x80\x04cos\nsystem\n"),
    "nested without end": framed(b"[" * 60_000),
    "a frame without end": (MAX_FRAME_BYTES + 1).to_bytes(4) + b"x",
    "no image": a_variant_told() + b"abcd",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_child_that_lies_is_lost(tmp_path: Path, witness: Witness, lie: bytes) -> None:
    """Whatever a child says that none of ours would say ends it, and leaves nothing; the next job is made."""
    request = a_request(tmp_path)

    async with a_pool(load_work=witness.load_work) as pool:
        with pytest.raises(WorkerLostError, match="answered what it must not"):
            await pool.make(ordered(tmp_path, "say", lie), [request])
        await until(lambda: is_gone(witness.begun[0]))
        assert not request.output.exists()
        [variant] = await pool.make(saved(tmp_path, gradient(40, 30)), [request])

    assert variant.width == 40


@pytest.mark.parametrize(
    "more", [told(kind="taken"), told(kind="taken") + told(kind="out_of_memory"), b"\0"], ids=["begun", "ended", "torn"]
)
async def test_an_answer_to_no_job_is_not_taken_for_the_next_ones(
    tmp_path: Path, witness: Witness, more: bytes
) -> None:
    """A child that one image took over does not answer for another: it is replaced, and the job is made."""
    refusal = told(kind="refused", code="image_damaged", reason="")

    async with a_pool(load_work=witness.load_work) as pool:
        with pytest.raises(ImageRefusedError):
            await pool.make(ordered(tmp_path, "say", refusal + more), [a_request(tmp_path)])
        [variant] = await pool.make(saved(tmp_path, gradient(40, 30)), [a_request(tmp_path)])

    assert variant.width == 40
    assert len(set(witness.begun)) == 2


async def test_a_child_that_says_half_of_it_is_not_waited_for(tmp_path: Path, witness: Witness) -> None:
    """The limit holds in the middle of a variant, too."""
    half = a_variant_told(byte_size=1000) + b"\xff\xd8\xff"

    async with a_pool(load_work=witness.load_work, task_seconds=1) as pool:
        with pytest.raises(WorkerLostError) as caught:
            await pool.make(ordered(tmp_path, "say", half), [a_request(tmp_path)])

    assert caught.value.code is Loss.TIME_LIMIT


@pytest.mark.parametrize(("name", "side"), [("claim.png", 40), ("claim.jpeg", 4000)])
async def test_a_variant_is_what_was_asked_for(tmp_path: Path, witness: Witness, name: str, side: int) -> None:
    """Another format than asked for, or a larger picture, is no variant, whatever the child says."""
    image = saved(tmp_path, gradient(side, 30), name).read_bytes()
    options = VariantOptions(format=ImageFormat.JPEG, max_dimension=100)

    async with a_pool(load_work=witness.load_work) as pool:
        with pytest.raises(WorkerLostError, match="answered what it must not"):
            await pool.make(ordered(tmp_path, "claim", image), [VariantRequest(tmp_path / "variant", options)])


async def test_size_and_format_are_read_from_the_file(tmp_path: Path, witness: Witness) -> None:
    """The child says nothing of them that would be believed."""
    image = saved(tmp_path, gradient(40, 30), "claim.jpeg").read_bytes()

    async with a_pool(load_work=witness.load_work) as pool:
        [variant] = await pool.make(ordered(tmp_path, "claim", image), [a_request(tmp_path)])

    assert (variant.format, variant.width, variant.height) == (ImageFormat.JPEG, 40, 30)
    assert variant.byte_size == len(image)
    assert variant.path.read_bytes() == image


@pytest.mark.parametrize("name", ["spin", "hide and spin"])
async def test_children_die_with_their_parent(tmp_path: Path, name: str) -> None:
    """When the processor is killed outright, no child goes on, not even one that has closed all it could."""
    program = (
        "import asyncio, pathlib, sys\n"
        "from tests.unit.processor.pools import Witness, a_pool, a_request\n"
        "async def main(folder, order):\n"
        "    async with a_pool(load_work=Witness(folder / 'witness', -1).load_work) as pool:\n"
        "        await pool.make(pathlib.Path(order), [a_request(folder)])\n"
        "asyncio.run(main(pathlib.Path(sys.argv[1]), sys.argv[2]))\n"
    )

    with a_witness(tmp_path) as witness:
        arguments = ["-c", program, str(tmp_path), str(ordered(tmp_path, name))]
        parent = await asyncio.create_subprocess_exec(sys.executable, *arguments)
        await until(lambda: len(witness.begun) == 1)
        parent.kill()
        await parent.wait()

        await until(lambda: is_gone(witness.begun[0]))
