"""The blob store under attack: a folder or an S3 server, and the settings that lead the services to it."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests.chaos.process import KeptProcess
from tests.chaos.s3_proxy import Mood, S3Proxy
from tests.services.s3 import running_s3

Family = Callable[[], list[KeptProcess]]


@dataclass(frozen=True, slots=True)
class Storage:
    """The settings of the store, and what can be done to it, by the name of the fault."""

    environment: Mapping[str, str]
    attacks: Mapping[str, Callable[[], AbstractAsyncContextManager[None]]]


@asynccontextmanager
async def attacked_storage(kind: str, folder: Path, users: Family) -> AsyncIterator[Storage]:
    """Yield a store of *kind*, disk or s3, whose *users* are the processes that a full disk would hit."""
    async with AsyncExitStack() as stack:
        if kind == "disk":
            yield _disk(folder / "images", users)
        else:
            (folder / "s3").mkdir()
            server = stack.enter_context(running_s3(folder / "s3"))
            proxy = await stack.enter_async_context(S3Proxy(urlsplit(server.endpoint).port or 0).listening())
            environment = {
                "ICECUBE_BLOB_TYPE": "s3",
                "ICECUBE_BLOB_S3_BUCKET": server.bucket,
                "ICECUBE_BLOB_S3_REGION": server.region,
                "ICECUBE_BLOB_S3_ENDPOINT": proxy.endpoint,
                "AWS_ACCESS_KEY_ID": server.access_key_id,
                "AWS_SECRET_ACCESS_KEY": server.secret_access_key,
            }
            attacks = {
                "storage refuses": lambda: proxy.being(Mood.REFUSING),
                "storage answers 500": lambda: proxy.being(Mood.FAILING),
                "storage is slow": lambda: proxy.being(Mood.SLOW),
            }
            yield Storage(environment, attacks)


def _disk(images: Path, users: Family) -> Storage:
    environment = {"ICECUBE_BLOB_TYPE": "disk", "ICECUBE_BLOB_DISK_PATH": str(images)}
    return Storage(environment, {"storage is gone": lambda: _gone(images), "disk is full": lambda: _full(users)})


@asynccontextmanager
async def _gone(images: Path) -> AsyncIterator[None]:
    """Take the folder away; a file in its place keeps a process that starts meanwhile from making a new one."""
    away = images.with_name("images.away")
    await asyncio.to_thread(images.rename, away)
    await asyncio.to_thread(images.touch)
    try:
        yield
    finally:
        await asyncio.to_thread(images.unlink)
        await asyncio.to_thread(away.rename, images)


@asynccontextmanager
async def _full(users: Family) -> AsyncIterator[None]:
    """Let no process of *users* write another byte to any file: to it, that is a full disk."""
    _limit_files(users, 0)
    try:
        yield
    finally:
        _limit_files(users, None)


def _limit_files(users: Family, limit: int | None) -> None:
    for process in (member for user in users() for member in user.family()):
        with suppress(psutil.NoSuchProcess):
            _, hard = process.rlimit(resource.RLIMIT_FSIZE)
            process.rlimit(resource.RLIMIT_FSIZE, (hard if limit is None else limit, hard))
