"""Stores blobs as objects in an S3 bucket."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from stat import S_ISDIR
from tempfile import gettempdir
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from common.blob_store import BlobNotFoundError, BlobStoreUnavailableError, OpenBlob
from common.blob_store.disk_errors import disk_errors
from common.blob_store.probe import probe
from common.blob_store.s3_errors import error_code, s3_errors
from common.blob_store.s3_upload import REQUEST_SECONDS, UNLESS_THERE, Condition, S3Upload
from common.process_folders import process_folder
from common.settings.groups import BlobSettings

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import CopySourceTypeDef, GetObjectOutputTypeDef

CHUNK_BYTES = 256 * 1024
_PREFIX = "images/"
URL_SECONDS = 3600
"""How long a signed URL works."""


@asynccontextmanager
async def open_s3_store(settings: BlobSettings) -> AsyncIterator["S3Store"]:
    """Yield the store in the bucket of *settings*: one client, whose connections are closed at the end.

    This sends no request yet: `check` finds out whether bucket, region and keys are right.
    """
    with process_folder(_own_temporary_folder()) as work_dir:
        client = get_session().create_client(
            "s3",
            region_name=settings.region,
            endpoint_url=settings.endpoint or None,
            aws_access_key_id=settings.access_key_id or None,
            aws_secret_access_key=settings.secret_access_key.get_secret_value() or None,
            aws_session_token=settings.session_token.get_secret_value() or None,
            config=_config(settings),
        )
        async with client as s3:
            yield S3Store(s3, settings, work_dir)


def _own_temporary_folder() -> Path:
    """Return a folder that all processes of this user share, so that each can remove what a killed one left."""
    folder = Path(gettempdir()) / f"icecube-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        message = f"{folder} is not our folder: another user created it; set TMPDIR to another place"
        raise BlobStoreUnavailableError(message)
    return folder


def _config(settings: BlobSettings) -> AioConfig:
    return AioConfig(
        signature_version="s3v4",  # for URLs too: newer servers refuse the older kind
        s3={"addressing_style": "path" if settings.endpoint else "virtual"},
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=5,
        read_timeout=30,
        max_pool_connections=50,
        # Many S3-compatible servers do not know the checksums that newer SDKs add by default.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


class S3Store:
    """A `BlobStore` of objects named `images/<id>`, each written in one step unless it exists (`If-None-Match: *`).

    A server that ignores the condition replaces an object that exists; see docs/guarantees.md.
    Requests are tried three times within a minute. Missing keys are found by reading, never by HEAD, whose
    answer does not say whether the key or the bucket is missing.
    """

    def __init__(self, client: "S3Client", settings: BlobSettings, work_dir: Path) -> None:
        self._client = client
        self._bucket = settings.bucket
        self._redirects = settings.redirect
        self._place = f"s3://{settings.bucket} at {settings.endpoint or f'AWS, {settings.region}'}"
        self._work_dir = work_dir

    @property
    def work_dir(self) -> Path:
        """A temporary folder, removed when the store is closed."""
        return self._work_dir

    async def put_file(self, blob_id: UUID, path: Path) -> bool:
        """Upload the file unless the object exists; a file outside `work_dir` is kept."""
        upload = S3Upload(self._client, self._bucket, _key(blob_id))
        with s3_errors(self._place, blob_id):
            is_stored = await self._unless_there(blob_id, lambda condition: upload.send(path, condition))
        if is_stored and path.parent == self._work_dir:
            path.unlink(missing_ok=True)  # noqa: ASYNC240 - of a local folder
        return is_stored

    async def copy(self, source_id: UUID, blob_id: UUID) -> bool:
        """Have S3 copy the object unless the copy exists, in one request for up to 5 GB."""
        source: CopySourceTypeDef = {"Bucket": self._bucket, "Key": _key(source_id)}

        async def copy_object(condition: Condition) -> None:
            async with asyncio.timeout(REQUEST_SECONDS):
                await self._client.copy_object(Bucket=self._bucket, Key=_key(blob_id), CopySource=source, **condition)

        with s3_errors(self._place, source_id):
            return await self._unless_there(blob_id, copy_object)

    async def _unless_there(self, blob_id: UUID, write: Callable[[Condition], Awaitable[None]]) -> bool:
        """Write the object unless it exists; say whether it was written. Two steps on servers without conditions."""
        try:
            await write(UNLESS_THERE)
        except ClientError as exc:
            if error_code(exc) == "PreconditionFailed":
                return False
            if error_code(exc) != "NotImplemented":
                raise
            if await self.exists(blob_id):
                return False
            await write({})
        return True

    @asynccontextmanager
    async def open(self, blob_id: UUID, *, start: int = 0, length: int | None = None) -> AsyncIterator[OpenBlob]:
        """Yield the blob while its download runs; leaving early drops the connection."""
        end = "" if length is None else start + length - 1
        answer = None if length == 0 else await self._get(blob_id, f"bytes={start}-{end}")
        if answer is None:
            yield OpenBlob(await self._size(blob_id), _no_chunks())
            return
        async with answer["Body"]:
            yield OpenBlob(_whole_size(answer), self._chunks(blob_id, answer))

    def read_page_cache(self, blob_id: UUID) -> None:  # noqa: ARG002 - the port's
        """Return None: objects are elsewhere."""
        return

    @asynccontextmanager
    async def local_file(self, blob_id: UUID) -> AsyncIterator[Path]:
        """Download the blob into the work folder; the copy is removed at the end."""
        path = self._work_dir / f"{uuid4().hex}.download"
        try:
            async with self.open(blob_id) as blob:
                with disk_errors(self._work_dir):
                    await _write(path, blob.chunks)
            yield path
        finally:
            path.unlink(missing_ok=True)

    async def exists(self, blob_id: UUID) -> bool:
        """Say whether the object exists."""
        try:
            await self._size(blob_id)
        except BlobNotFoundError:
            return False
        return True

    async def delete(self, blob_id: UUID) -> None:
        """Delete the object, if it exists."""
        with s3_errors(self._place, blob_id):
            async with asyncio.timeout(REQUEST_SECONDS):
                await self._client.delete_object(Bucket=self._bucket, Key=_key(blob_id))

    async def list_older_than(self, moment: datetime) -> AsyncIterator[UUID]:
        """Yield the ids of the objects last written before *moment*, a page of a thousand at a time."""
        with s3_errors(self._place):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=_PREFIX)
            async for page in pages:
                for entry in page.get("Contents", []):
                    if entry["LastModified"] < moment:
                        yield UUID(entry["Key"].removeprefix(_PREFIX))

    async def direct_url(self, blob_id: UUID, *, media_type: str, disposition: str) -> str | None:
        """Return a signed URL if redirects are enabled; signing sends no request to S3."""
        if not self._redirects:
            return None
        answer = {"ResponseContentType": media_type, "ResponseContentDisposition": disposition}
        params = {"Bucket": self._bucket, "Key": _key(blob_id), **answer}
        with s3_errors(self._place, blob_id):
            return await self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=URL_SECONDS)

    async def check(self) -> None:
        """Write, read, delete and miss a probe: this needs every right of the store except aborting uploads."""
        await probe(self)

    async def _get(self, blob_id: UUID, span: str) -> "GetObjectOutputTypeDef | None":
        """Return the answer for the bytes of *span*; None if the blob has none of them."""
        with s3_errors(self._place, blob_id):
            try:
                async with asyncio.timeout(REQUEST_SECONDS):
                    return await self._client.get_object(Bucket=self._bucket, Key=_key(blob_id), Range=span)
            except ClientError as exc:
                if error_code(exc) != "InvalidRange":
                    raise
                return None

    async def _size(self, blob_id: UUID) -> int:
        answer = await self._get(blob_id, "bytes=0-0")
        if answer is None:
            return 0
        with s3_errors(self._place, blob_id):
            async with answer["Body"] as body:
                await body.read()  # so that the connection can be used again
        return _whole_size(answer)

    async def _chunks(self, blob_id: UUID, answer: "GetObjectOutputTypeDef") -> AsyncIterator[bytes]:
        with s3_errors(self._place, blob_id):
            async for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                yield chunk


def _key(blob_id: UUID) -> str:
    return f"{_PREFIX}{blob_id}"


def _whole_size(answer: "GetObjectOutputTypeDef") -> int:
    whole = answer.get("ContentRange", "").rpartition("/")[2]
    return int(whole) if whole else answer["ContentLength"]


async def _no_chunks() -> AsyncIterator[bytes]:
    nothing: tuple[bytes, ...] = ()
    for chunk in nothing:
        yield chunk


async def _write(path: Path, chunks: AsyncIterator[bytes]) -> None:
    with await asyncio.to_thread(path.open, "wb") as file:
        async for chunk in chunks:
            await asyncio.to_thread(file.write, chunk)
