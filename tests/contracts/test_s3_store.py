"""What the S3 store promises beyond the port, on a real server."""

import asyncio
import re
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import httpx
import pytest
from aiobotocore.session import get_session
from botocore.exceptions import ClientError
from pydantic import SecretStr

from common.blob_store import BlobStore, BlobStoreUnavailableError
from common.blob_store.s3 import S3Store, open_s3_store
from common.blob_store.s3_errors import s3_errors
from common.ids import new_id
from common.settings.groups import BlobSettings
from tests.contracts.test_blob_store import a_file, s3_settings
from tests.services.s3 import S3Server

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client


async def refusals_of_reading(store: BlobStore) -> list[str]:
    """Return the message each way of reading fails with."""
    blob_id = new_id()

    async def opened() -> None:
        async with store.open(blob_id):
            pass

    async def downloaded() -> None:
        async with store.local_file(blob_id):
            pass

    return await messages_of(opened(), downloaded(), store.exists(blob_id))


async def refusals_of_writing(store: BlobStore, path: Path) -> list[str]:
    """Return the message each way of writing fails with."""
    return await messages_of(store.put_file(new_id(), path), store.delete(new_id()), store.check())


async def messages_of(*calls: Coroutine[None, None, object]) -> list[str]:
    """Return what each call fails with; all must say that the store is unavailable."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [BlobStoreUnavailableError] * len(calls), results
    return [str(result) for result in results]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"secret_access_key": SecretStr("wrong")}, "the secret key is wrong; see AWS_ACCESS_KEY_ID"),
        ({"access_key_id": "nobody"}, "the access key is not known there"),
        ({"endpoint": "http://127.0.0.1:9"}, "s3://images at http://127.0.0.1:9: it cannot be reached"),
    ],
)
async def test_a_wrong_setting_is_told_by_every_call(
    s3_server: S3Server, tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    """No call takes a wrong secret, key or endpoint for a missing blob; each says what is wrong."""
    settings = s3_settings(s3_server).model_copy(update=change)

    async with open_s3_store(settings) as store:
        messages = await refusals_of_reading(store)
        messages += await refusals_of_writing(store, a_file(tmp_path, b"x"))

    assert [message for message in messages if sentence not in message] == []


async def test_a_missing_bucket_is_not_a_missing_blob(s3_server: S3Server) -> None:
    """A reader is told that the bucket is missing; writers are not asked here, as this server makes the bucket."""
    settings = s3_settings(s3_server).model_copy(update={"bucket": "no-such-bucket"})

    async with open_s3_store(settings) as store:
        messages = await refusals_of_reading(store)

    assert [message for message in messages if "s3://no-such-bucket" not in message] == []
    assert [message for message in messages if "the bucket does not exist" not in message] == []


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("NoSuchBucket", "the bucket does not exist"),
        ("SlowDown", "it asks to slow down"),
        ("AccessDenied", "s3:ListBucket"),
        ("AuthorizationHeaderMalformed", "ICECUBE_BLOB_S3_REGION"),
        ("NewKindOfTrouble", "it refuses: NewKindOfTrouble: as S3 puts it"),
    ],
)
def test_what_s3_refuses_is_said_in_words(code: str, sentence: str) -> None:
    """Each refusal becomes a sentence with the bucket, also one that is not known."""
    refusal = ClientError({"Error": {"Code": code, "Message": "as S3 puts it"}}, "PutObject")

    with pytest.raises(BlobStoreUnavailableError, match=re.escape(sentence)), s3_errors("s3://images", new_id()):
        raise refusal


async def test_a_cancelled_upload_in_parts_is_aborted(s3_server: S3Server, tmp_path: Path) -> None:
    """A put that is cancelled between its parts leaves no parts behind, which would be paid for and never seen."""
    blob_id = new_id()
    path = a_sparse_gigabyte(tmp_path)
    async with open_s3_store(s3_settings(s3_server)) as store:
        putting = asyncio.ensure_future(store.put_file(blob_id, path))
        while str(blob_id) not in await keys_in_upload(s3_server):
            assert not putting.done(), "the upload was over before it could be cancelled"

        putting.cancel()
        await asyncio.wait([putting])

        assert putting.cancelled()
        assert str(blob_id) not in await keys_in_upload(s3_server)
        assert not await store.exists(blob_id)


async def test_an_upload_in_parts_that_fails_is_aborted(s3_server: S3Server, tmp_path: Path) -> None:
    """A put whose file vanishes half-way leaves neither a blob nor parts."""
    blob_id = new_id()
    path = a_sparse_gigabyte(tmp_path)
    async with open_s3_store(s3_settings(s3_server)) as store:
        putting = asyncio.ensure_future(store.put_file(blob_id, path))
        while str(blob_id) not in await keys_in_upload(s3_server):
            assert not putting.done(), "the upload was over before its file could vanish"

        path.unlink()
        await asyncio.wait([putting])

        assert isinstance(putting.exception(), FileNotFoundError)
        assert str(blob_id) not in await keys_in_upload(s3_server)
        assert not await store.exists(blob_id)


async def keys_in_upload(server: S3Server) -> str:
    """Return the keys of the uploads in parts that are open."""
    client = get_session().create_client(
        "s3",
        region_name=server.region,
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key_id,
        aws_secret_access_key=server.secret_access_key,
    )
    async with client as s3:
        answer = await s3.list_multipart_uploads(Bucket=server.bucket)
    return " ".join(upload["Key"] for upload in answer.get("Uploads", []))


def a_sparse_gigabyte(folder: Path) -> Path:
    """Return a file that takes long to upload and no room on the disk."""
    path = folder / "gigabyte"
    with path.open("wb") as file:
        file.truncate(1024**3)
    return path


async def test_a_signed_url_serves_the_blob_itself(s3_server: S3Server, tmp_path: Path) -> None:
    """Where redirects are switched on, anybody can fetch the blob by its URL, with our headers."""
    settings = s3_settings(s3_server)
    blob_id, words = new_id(), {"media_type": "image/webp", "disposition": 'inline; filename="a.webp"'}
    async with open_s3_store(settings) as store:
        await store.put_file(blob_id, a_file(tmp_path, b"content"))
        assert await store.direct_url(blob_id, **words) is None

    async with open_s3_store(settings.model_copy(update={"redirect": True})) as store:
        url = await store.direct_url(blob_id, **words)

    assert url is not None
    async with httpx.AsyncClient() as http:
        answer = await http.get(url)
        tampered = await http.get(url.replace(str(blob_id), str(new_id())))
    assert (answer.status_code, answer.content) == (200, b"content"), answer.text
    assert answer.headers["content-type"] == "image/webp"
    assert tampered.status_code == 403


@dataclass
class OlderServer:
    """What is used of an S3 client, on a server that knows no conditions: it refuses a request that has one."""

    objects: dict[str, bytes] = field(default_factory=dict)

    async def put_object(self, *, Key: str, Body: bytes, IfNoneMatch: str = "", **_: object) -> None:  # noqa: N803 - S3's
        """Store the object, or refuse."""
        if IfNoneMatch:
            raise ClientError({"Error": {"Code": "NotImplemented", "Message": "If-None-Match"}}, "PutObject")
        self.objects[Key] = Body

    async def get_object(self, *, Key: str, **_: object) -> object:  # noqa: N803 - S3's
        """Say that there is no such object, or that it has no such part."""
        code = "InvalidRange" if Key in self.objects else "NoSuchKey"
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "GetObject")


async def test_a_server_without_conditions_is_asked_before(tmp_path: Path) -> None:
    """What stands is left as it is there too, but for two who come at the same moment."""
    server, blob_id = OlderServer(), new_id()
    store = S3Store(cast("S3Client", server), BlobSettings(bucket="images", region="r"), tmp_path)

    stored = [await store.put_file(blob_id, a_file(tmp_path, content)) for content in (b"first", b"second")]

    assert stored == [True, False]
    assert server.objects == {f"images/{blob_id}": b"first"}
