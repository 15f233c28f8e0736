"""Lets a service run in before it is measured, as one has that has been up for a while."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.bench.service.client import Client
from tests.bench.service.records import Notifications

JOBS, CLIENTS = 600, 8


async def run_in(http: Client, told: Notifications) -> None:
    """Have small jobs done, one after the other by each client.

    Kafka's Java compiles its code while it is first used: a new broker takes twice the CPU for a request. The variants
    are copies of the first one's, so that no image process comes nearer to its replacement.
    """
    with TemporaryDirectory() as folder:
        pixel = Path(folder, "pixel.png")
        Image.new("RGB", (1, 1), "teal").save(pixel)
        original = await http.upload(pixel)
    await _ask(http, told, original, iter(range(1)))
    waiting = iter(range(JOBS))
    await asyncio.gather(*(_ask(http, told, original, waiting) for _ in range(CLIENTS)))


async def _ask(http: Client, told: Notifications, original: str, waiting: Iterator[int]) -> None:
    for _ in waiting:
        job = await http.ask(original, [{"format": "jpeg"}])
        await told.of({job["id"]})
