"""Answers `GET` and `HEAD` for an image's bytes, which never change: caches, conditions and ranges included."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote
from uuid import UUID

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from common.blob_store import BlobStore
from common.formats import media_type
from ingest_api.reads.cache_policy import CachePolicy

_ONE_RANGE = re.compile(r"(?i:bytes)=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))")

_SMALL_BYTES = 1024 * 1024
"""Up to this size a body is one message. Streaming takes a task that watches for disconnects, and two more messages."""

_SPECIAL = frozenset(
    {b"range", b"if-range", b"if-match", b"if-unmodified-since", b"if-none-match", b"if-modified-since"}
)
"""Headers of requests that may get another answer than all bytes."""

_ATTRIBUTE_CHARACTERS = "!#$&+-.^_`|~"
"""Characters that RFC 8187 does not encode, beside letters and digits."""


class DownloadableImage(Protocol):
    """What an answer needs of an image.

    Its original name is safe, as `ingest_api.uploads.names.safe_name` makes it; its file name may be in any script.
    """

    @property
    def id(self) -> UUID: ...  # noqa: D102 - says itself
    @property
    def original_name(self) -> str: ...  # noqa: D102 - says itself
    @property
    def file_name(self) -> str: ...  # noqa: D102 - says itself
    @property
    def format(self) -> str: ...  # noqa: D102 - says itself
    @property
    def byte_size(self) -> int: ...  # noqa: D102 - says itself
    @property
    def created_at(self) -> datetime: ...  # noqa: D102 - says itself


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes of a blob to send: at most *length* of them, or all."""

    start: int = 0
    length: int | None = None


_WHOLE = Span()


def asks_for_all(request: Request) -> bool:
    """Say whether *request* is a GET without conditions and ranges: all of these get the same answer."""
    return request.method == "GET" and _SPECIAL.isdisjoint(name for name, _ in request.scope["headers"])


def page_cache_response(blobs: BlobStore, image: DownloadableImage, policy: CachePolicy) -> Response | None:
    """Return the answer with all bytes, if they are few and in the page cache."""
    content = blobs.read_page_cache(image.id)
    if content is None:
        return None
    return Response(content, headers=_headers(image, policy))


async def image_response(  # noqa: PLR0913 - a download is all of these, named at the call where they could be swapped
    blobs: BlobStore,
    image: DownloadableImage,
    request_headers: Headers,
    method: str,
    policy: CachePolicy,
    *,
    as_download: bool = False,
) -> Response:
    """Return the answer to *method*, GET or HEAD; with *as_download* browsers save the image instead of showing it.

    When it is sent, the blob is opened before the status goes out: `BlobNotFoundError`,
    `BlobStoreUnavailableError` and, for a range past the end, `HTTPException` 416 reach the error handlers.
    Raises `HTTPException` 412 if the caller wants another version.
    """
    headers = _headers(image, policy, as_download=as_download)
    if not _is_wanted(request_headers, headers["ETag"], image.created_at):
        raise HTTPException(HTTPStatus.PRECONDITION_FAILED, headers={"ETag": headers["ETag"]})
    if _is_fresh(request_headers, headers["ETag"], image.created_at):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    direct = await blobs.direct_url(
        image.id, media_type=headers["Content-Type"], disposition=headers["Content-Disposition"]
    )
    if direct:
        kept = {"Cache-Control": f"private, max-age={policy.redirect_seconds}", **_vary(policy)}
        return RedirectResponse(direct, HTTPStatus.FOUND, kept)
    if method == "HEAD":
        return _BlobResponse(blobs, image.id, _WHOLE, headers, is_head=True)
    return _BlobResponse(blobs, image.id, _span(request_headers, headers, image.byte_size), headers)


class _BlobResponse(StreamingResponse):
    """Opens the blob when it is sent, so that an answer that is never sent, or cut short, leaves nothing open.

    Length and range come from the stored blob, never from the database.
    """

    def __init__(
        self, blobs: BlobStore, image_id: UUID, span: Span, headers: Mapping[str, str], *, is_head: bool = False
    ) -> None:
        super().__init__(content=(), headers=headers)
        self._blobs = blobs
        self._image_id = image_id
        self._span = span
        self._is_head = is_head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = 0 if self._is_head else self._span.length
        async with self._blobs.open(self._image_id, start=self._span.start, length=length) as blob:
            self._describe(blob.byte_size)
            if int(self.headers["Content-Length"]) <= _SMALL_BYTES:
                self.body = b"".join([chunk async for chunk in blob.chunks])
                await Response.__call__(self, scope, receive, send)
            else:
                self.body_iterator = blob.chunks
                await super().__call__(scope, receive, send)

    def _describe(self, byte_size: int) -> None:
        start, length = self._span.start, self._span.length
        end = byte_size if length is None else min(start + length, byte_size)
        self.headers["Content-Length"] = str(end - start)
        if self._span == _WHOLE:
            return
        if start >= byte_size:
            headers = {"Content-Range": f"bytes */{byte_size}"}
            raise HTTPException(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=headers)
        self.status_code = HTTPStatus.PARTIAL_CONTENT
        self.headers["Content-Range"] = f"bytes {start}-{end - 1}/{byte_size}"


def _headers(image: DownloadableImage, policy: CachePolicy, *, as_download: bool = False) -> dict[str, str]:
    described = _headers_of(image.id, image.original_name, image.file_name, image.format, image.created_at)
    headers = {**described, "Cache-Control": policy.cache_control, **_vary(policy)}
    if as_download:
        headers["Content-Disposition"] = headers["Content-Disposition"].replace("inline", "attachment", 1)
    return headers


def _vary(policy: CachePolicy) -> dict[str, str]:
    return {"Vary": policy.vary} if policy.vary else {}


@lru_cache(maxsize=1000)
def _headers_of(
    image_id: UUID, original_name: str, file_name: str, image_format: str, created_at: datetime
) -> Mapping[str, str]:
    return {
        "Content-Type": media_type(image_format),
        "Content-Disposition": _disposition(f"{original_name}.{image_format}", file_name),
        "Accept-Ranges": "bytes",
        "ETag": f'"{image_id}"',
        "Last-Modified": format_datetime(_whole_second(created_at), usegmt=True),
        # The bytes came from a stranger: no browser may treat them as anything but the checked image.
        "X-Content-Type-Options": "nosniff",
    }


def _disposition(safe: str, file_name: str) -> str:
    """Return the header: the *safe* name for old clients, and the original name (RFC 6266, RFC 8187)."""
    extended = "" if file_name == safe else f"; filename*=UTF-8''{quote(file_name, safe=_ATTRIBUTE_CHARACTERS)}"
    return f'inline; filename="{safe}"{extended}'


def _is_wanted(request_headers: Headers, etag: str, created_at: datetime) -> bool:
    """Say whether the caller's preconditions hold for this version (RFC 9110, 13.2.2, steps 1 and 2)."""
    tags = request_headers.get("If-Match")
    if tags is not None:
        return tags.strip() == "*" or etag in {tag.strip() for tag in tags.split(",")}
    date = request_headers.get("If-Unmodified-Since")
    since = _date(date) if date else None
    return since is None or _whole_second(created_at) <= since


def _is_fresh(request_headers: Headers, etag: str, created_at: datetime) -> bool:
    """Say whether the client's copy is fresh: by its tag if it sends one, else by its date (RFC 9110, 13.2)."""
    tags = request_headers.get("If-None-Match")
    if tags is not None:
        return tags.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in tags.split(",")}
    date = request_headers.get("If-Modified-Since")
    since = _date(date) if date else None
    return since is not None and _whole_second(created_at) <= since


def _span(request_headers: Headers, headers: Mapping[str, str], byte_size: int) -> Span:
    """Return the requested range; everything for several ranges, a malformed one, or another version's."""
    asked = request_headers.get("Range")
    if asked is None:
        return _WHOLE
    if request_headers.get("If-Range", headers["ETag"]) not in {headers["ETag"], headers["Last-Modified"]}:
        return _WHOLE
    match = _ONE_RANGE.fullmatch(asked.strip())
    if match is None:
        return _WHOLE
    first, last, suffix = (None if part is None else int(part) for part in match.groups())
    if first is None:
        return Span(start=byte_size - min(suffix or 0, byte_size))
    if last is None:
        return Span(start=first)
    return Span(start=first, length=last - first + 1) if last >= first else _WHOLE


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):  # raised for different malformed dates
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _whole_second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
