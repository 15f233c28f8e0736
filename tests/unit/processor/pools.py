"""Pools for tests, and a witness of what their processes begin."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from processor.engine import ImageLimits, VariantRequest
from processor.pool import ImagePool
from tests.unit.processor.misbehaviour import load_by_name

LIMITS = ImageLimits(megapixels=100, side_pixels=16384)


def a_pool(**settings: Any) -> ImagePool:
    """Return a pool of one process, or as *settings* say."""
    chosen: dict[str, Any] = {"workers": 1, "limits": LIMITS} | settings
    return ImagePool(**chosen)


def a_request(folder: Path, name: str = "variant") -> VariantRequest:
    """Return a request for a JPEG in *folder*."""
    return VariantRequest(folder / name, VariantOptions(format=ImageFormat.JPEG))


def ordered(folder: Path, name: str, rest: bytes = b"") -> Path:
    """Return an original that has `load_by_name`'s work do *name*."""
    path = folder / f"{name.replace(' ', '-')}.order"
    path.write_bytes(name.encode() + b"\n" + rest)
    return path


class Witness:
    """Knows which processes have begun a job, in their order."""

    def __init__(self, path: Path, pipe: int) -> None:
        self.load_work = partial(load_by_name, path)
        self._pipe = pipe
        self._heard = b""

    @property
    def begun(self) -> list[int]:
        """The id of the process of each job that was begun."""
        with contextlib.suppress(BlockingIOError):
            self._heard += os.read(self._pipe, 64 * 1024)
        return [int(line) for line in self._heard.split()]


@contextmanager
def a_witness(folder: Path) -> Iterator[Witness]:
    """Yield a witness with a pipe in *folder*."""
    path = folder / "witness"
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield Witness(path, pipe)
    finally:
        os.close(pipe)


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for *condition*, and fail when it does not come true within *seconds*."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def is_gone(process_id: int) -> bool:
    """Say whether no process *process_id* runs any more."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE)
    return True
