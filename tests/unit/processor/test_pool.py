"""What the processor can rely on when it hands work to the image processes."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from common.formats import ImageFormat
from common.options import VariantOptions
from processor.engine import ImageLimits, ImageRefusedError, VariantRequest
from processor.pool import ImagePool, Loss, WorkerLostError
from tests.unit.processor.engine.pictures import gradient, saved

LIMITS = ImageLimits(megapixels=100, side_pixels=16384)


def a_request(folder: Path, name: str = "variant.jpeg") -> VariantRequest:
    """Return a request for a JPEG in *folder*."""
    return VariantRequest(folder / name, VariantOptions(format=ImageFormat.JPEG))


def children() -> list[psutil.Process]:
    """Return the image processes of this process: the fork server's children."""
    return [child for child in psutil.Process().children(recursive=True) if child.ppid() != os.getpid()]


@pytest.fixture
async def pool() -> AsyncIterator[ImagePool]:
    """Yield a pool of one process."""
    async with ImagePool(workers=1, limits=LIMITS) as opened:
        yield opened


async def test_a_child_does_the_work(tmp_path: Path, pool: ImagePool) -> None:
    """The variant is made in another process, from paths alone."""
    original = saved(tmp_path, gradient(40, 30))

    [variant] = await pool.make(original, [a_request(tmp_path)])

    assert (variant.width, variant.height) == (40, 30)
    assert variant.byte_size == variant.path.stat().st_size


async def test_a_refusal_comes_back_whole(tmp_path: Path, pool: ImagePool) -> None:
    """Code and reason of a refusal survive the way between processes."""
    original = tmp_path / "words.jpeg"
    original.write_text("no picture")

    with pytest.raises(ImageRefusedError) as caught:
        await pool.make(original, [a_request(tmp_path)])

    assert caught.value.code == "unsupported_format"
    assert caught.value.reason == "The file is not an image of a supported format."


async def test_an_idle_childs_death_is_mended(tmp_path: Path, pool: ImagePool) -> None:
    """A child killed between two jobs costs at most the job that finds it missing."""
    original = saved(tmp_path, gradient(40, 30))
    await pool.make(original, [a_request(tmp_path)])
    for child in children():
        os.kill(child.pid, signal.SIGKILL)

    async with asyncio.timeout(20):
        while True:
            try:
                [variant] = await pool.make(original, [a_request(tmp_path)])
                break
            except WorkerLostError as exc:
                assert exc.code == Loss.WORKER_CRASHED  # noqa: PT017 - either ending is fine, this one once or twice

    assert variant.width == 40


async def test_closing_leaves_no_child(tmp_path: Path) -> None:
    """After the pool is closed none of its processes runs."""
    async with ImagePool(workers=2, limits=LIMITS) as pool:
        await pool.make(saved(tmp_path, gradient(40, 30)), [a_request(tmp_path)])
        running = children()

    assert running
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in running)
