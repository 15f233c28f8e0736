"""Uploads a file to S3: in one request if it is small, else in parts, so that memory stays bounded."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

import structlog
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 8 * 1024 * 1024
"""One part is in memory at a time. S3 requires at least 5 MiB and at most 10 000 parts: this allows 80 GiB."""

REQUEST_SECONDS = 60
"""Deadline of one request with all its retries, and of one part; even a very slow line sends 8 MiB in it."""

log = structlog.get_logger(__name__)


class Condition(TypedDict, total=False):
    """What must hold when an object is written; otherwise S3 answers PreconditionFailed."""

    IfNoneMatch: Literal["*"]


UNLESS_THERE: Condition = {"IfNoneMatch": "*"}


@dataclass(frozen=True, slots=True)
class S3Upload:
    """Stores a file as the object *key* of *bucket*, in one step."""

    client: "S3Client"
    bucket: str
    key: str

    async def send(self, path: Path, condition: Condition) -> None:
        """Store the file at *path* if *condition* holds at the end.

        Raises what botocore raises, `OSError` or `TimeoutError`.
        An upload in parts that fails or is cancelled is aborted. Only a killed process, or one cancelled before
        S3 has named the upload, leaves parts: a lifecycle rule AbortIncompleteMultipartUpload removes those.
        """
        head = await asyncio.to_thread(_part, path, 0)
        if len(head) < PART_BYTES:
            async with asyncio.timeout(REQUEST_SECONDS):
                await self.client.put_object(Bucket=self.bucket, Key=self.key, Body=head, **condition)
        else:
            await self._send_in_parts(path, condition)

    async def _send_in_parts(self, path: Path, condition: Condition) -> None:
        async with asyncio.timeout(REQUEST_SECONDS):
            created = await self.client.create_multipart_upload(Bucket=self.bucket, Key=self.key)
        upload_id = created["UploadId"]
        try:
            sent: list[CompletedPartTypeDef] = []
            while part := await asyncio.to_thread(_part, path, len(sent)):
                sent.append(await self._send_part(upload_id, len(sent) + 1, part))
            async with asyncio.timeout(REQUEST_SECONDS):
                await self.client.complete_multipart_upload(
                    Bucket=self.bucket,
                    Key=self.key,
                    UploadId=upload_id,
                    MultipartUpload={"Parts": sent},
                    **condition,
                )
        except BaseException:
            await asyncio.shield(self._abort(upload_id))
            raise

    async def _send_part(self, upload_id: str, number: int, part: bytes) -> "CompletedPartTypeDef":
        async with asyncio.timeout(REQUEST_SECONDS):
            answer = await self.client.upload_part(
                Bucket=self.bucket, Key=self.key, UploadId=upload_id, PartNumber=number, Body=part
            )
        return {"ETag": answer["ETag"], "PartNumber": number}

    async def _abort(self, upload_id: str) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                await self.client.abort_multipart_upload(Bucket=self.bucket, Key=self.key, UploadId=upload_id)
        except (BotoCoreError, ClientError, TimeoutError) as exc:
            log.warning("multipart upload left behind", key=self.key, upload_id=upload_id, reason=str(exc))


def _part(path: Path, index: int) -> bytes:
    # Opened for each part: a file opened in a thread would stay open when the await on it is cancelled.
    with path.open("rb") as file:
        file.seek(index * PART_BYTES)
        return file.read(PART_BYTES)
