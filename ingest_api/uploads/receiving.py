"""Receives a multipart upload: writes its parts named `file` to files as they arrive, never whole into memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from common.blob_store.disk_errors import disk_errors
from common.settings.groups import LimitsSettings
from common.texts import printable, size_in_words
from ingest_api.uploads.folder import UploadFolder
from ingest_api.uploads.form_fields import read_expiry, read_tags
from ingest_api.uploads.names import sent_name
from ingest_api.uploads.refusals import (
    FileTooLargeError,
    FormTooLargeError,
    MalformedUploadError,
    TooManyFilesError,
    UploadTooLargeError,
    UploadTooSlowError,
)

FIELD = "file"
_WRITE_BYTES = 1024 * 1024
"""How much of an upload is buffered before it is written: the memory that an upload needs."""
_HEADER_BYTES = 16 * 1024
_BOUNDARY_BYTES = 256
"""More than the 70 of RFC 2046, as some clients use more."""
_AROUND_BYTES = 1024 * 1024
"""What a form may hold beside its files: headers, unknown parts, and bytes before and after the parts."""
_OTHER_PARTS = 100
TAGS_FIELD, EXPIRY_FIELD = "tags", "expiresInSeconds"
_FIELD_BYTES = 64 * 1024
"""More than the most and longest tags need, however their JSON is written."""


@dataclass(slots=True)
class ReceivedFile:
    """A received part: the client's name for it, its place among the files from 1, and where its bytes are."""

    name: str | None
    path: Path
    byte_size: int = 0
    digest: Any = field(default_factory=sha256)  # hashlib names no type for it
    place: int = 1

    def __str__(self) -> str:
        """Return how an error names the file."""
        return f"{printable(self.name, most=128)} (file {self.place})" if self.name else f"File {self.place}"


@dataclass(slots=True)
class _Part:
    """The part being parsed; *file* is None for an unknown part."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    header_name: bytes = b""
    header_value: bytes = b""
    file: ReceivedFile | None = None
    handle: IO[bytes] | None = None
    field: str = ""
    """Its name, if it says something of all files."""
    value: bytes = b""
    """The bytes of such a part, so far."""


@dataclass(frozen=True, slots=True)
class ReceivedForm:
    """What a form holds."""

    files: list[ReceivedFile] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    expires_in_seconds: int | None = None


@asynccontextmanager
async def receive_form(request: Request, limits: LimitsSettings, folder: UploadFolder) -> AsyncIterator[ReceivedForm]:
    """Yield the files of an upload, in the order sent, in *folder*, and what it says of them; remove the files.

    Raises one of the errors of `uploads/refusals.py` as soon as it can be known, `DiskFullError` while the disk has no
    room to spare, and `BlobStoreUnavailableError` when the folder cannot take the bytes.
    """
    await asyncio.to_thread(folder.check)
    receiver = _Receiver(limits, folder)
    try:
        await receiver.receive(request)
        yield ReceivedForm(receiver.files, receiver.tags, receiver.expires_in_seconds)
    finally:
        await asyncio.to_thread(receiver.discard)


class _Receiver:
    """Callbacks for python-multipart's parser; see its documentation for their order."""

    def __init__(self, limits: LimitsSettings, folder: UploadFolder) -> None:
        self.files: list[ReceivedFile] = []
        self.tags: dict[str, str] = {}
        self.expires_in_seconds: int | None = None
        self._fields: set[str] = set()
        self._limits = limits
        self._folder = folder
        self._part = _Part()
        self._pending: list[tuple[ReceivedFile, IO[bytes], bytes]] = []
        self._pending_bytes = 0
        self._handles: list[IO[bytes]] = []
        self._ended_handles: list[IO[bytes]] = []
        self._received_bytes = 0
        self._file_bytes = 0
        self._other_parts = 0
        self._is_whole = False

    async def receive(self, request: Request) -> None:
        try:
            await self._parse(request, MultipartParser(_boundary(request), self._callbacks()))  # type: ignore[arg-type] # typed as a TypedDict
        except FormParserError as exc:
            message = "The body is not a well-formed multipart form."
            raise MalformedUploadError(message) from exc
        if not self._is_whole:
            message = "The form is cut short: its closing boundary is missing."
            raise MalformedUploadError(message)
        await self._write_pending()
        await asyncio.to_thread(self._close_handles)
        if not self.files:
            message = f"The form has no part named {FIELD!r}."
            raise MalformedUploadError(message)

    def discard(self) -> None:
        self._close_handles()
        for file in self.files:
            file.path.unlink(missing_ok=True)

    async def _parse(self, request: Request, parser: MultipartParser) -> None:
        async for chunk in _in_time(request.stream(), self._limits.upload_seconds):
            self._received_bytes += len(chunk)
            parser.write(chunk)
            self._bound_form()
            if self._pending_bytes >= _WRITE_BYTES:
                await self._write_pending()

    def _callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._part_data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin_part(self) -> None:
        self._part = _Part()

    def _header_name(self, chunk: bytes, start: int, end: int) -> None:
        self._part.header_name += chunk[start:end]
        self._bound_header()

    def _header_value(self, chunk: bytes, start: int, end: int) -> None:
        self._part.header_value += chunk[start:end]
        self._bound_header()

    def _bound_header(self) -> None:
        if len(self._part.header_name) + len(self._part.header_value) > _HEADER_BYTES:
            message = f"A header of a part is longer than {size_in_words(_HEADER_BYTES)}."
            raise MalformedUploadError(message)

    def _bound_form(self) -> None:
        if self._received_bytes - self._file_bytes > _AROUND_BYTES:
            message = f"The form holds more than {size_in_words(_AROUND_BYTES)} beside its files."
            raise FormTooLargeError(message)

    def _end_header(self) -> None:
        self._part.headers[self._part.header_name.lower()] = self._part.header_value
        self._part.header_name = self._part.header_value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._part.headers.get(b"content-disposition"))
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name == FIELD:
            self._begin_file(options.get(b"filename"))
            return
        if name in {TAGS_FIELD, EXPIRY_FIELD}:
            self._begin_field(name)
            return
        self._other_parts += 1
        if self._other_parts > _OTHER_PARTS:
            message = f"The form has more than {_OTHER_PARTS} parts that are not named {FIELD!r}."
            raise FormTooLargeError(message)

    def _begin_field(self, name: str) -> None:
        if self.files or name in self._fields:
            message = f"A part named {name!r} may come once, before the files."
            raise MalformedUploadError(message)
        self._fields.add(name)
        self._part.field = name

    def _begin_file(self, name: bytes | None) -> None:
        if len(self.files) == self._limits.upload_files:
            message = f"An upload may have {self._limits.upload_files} files at most."
            raise TooManyFilesError(message)
        with disk_errors(self._folder.path):
            handle = NamedTemporaryFile(dir=self._folder.path, prefix="upload-", delete=False)  # noqa: SIM115 - see discard
        self._handles.append(handle)
        self._part.handle = handle
        self._part.file = ReceivedFile(sent_name(name) if name else None, Path(handle.name), place=len(self.files) + 1)
        self.files.append(self._part.file)

    def _part_data(self, chunk: bytes, start: int, end: int) -> None:
        if self._part.field:
            self._part.value += chunk[start:end]
            self._bound_field(self._part)
        file, handle = self._part.file, self._part.handle
        if file is None or handle is None:
            return
        file.byte_size += end - start
        if file.byte_size > self._limits.upload_bytes:
            message = f"{file}: The file is larger than {size_in_words(self._limits.upload_bytes)}."
            raise FileTooLargeError(message)
        self._file_bytes += end - start
        if self._file_bytes > self._limits.upload_total_bytes:
            message = f"The files are larger than {size_in_words(self._limits.upload_total_bytes)} together."
            raise UploadTooLargeError(message)
        self._pending.append((file, handle, chunk[start:end]))
        self._pending_bytes += end - start

    def _bound_field(self, part: _Part) -> None:
        if len(part.value) > _FIELD_BYTES:
            message = f"The part named {part.field!r} is longer than {size_in_words(_FIELD_BYTES)}."
            raise FormTooLargeError(message)

    def _end_part(self) -> None:
        if self._part.field == TAGS_FIELD:
            self.tags = read_tags(self._part.value)
        elif self._part.field == EXPIRY_FIELD:
            self.expires_in_seconds = read_expiry(self._part.value)
        if self._part.handle:
            self._ended_handles.append(self._part.handle)

    def _end(self) -> None:
        self._is_whole = True

    async def _write_pending(self) -> None:
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        ended, self._ended_handles = self._ended_handles, []
        await asyncio.to_thread(_write_all, pending, ended, self._folder)

    def _close_handles(self) -> None:
        for handle in self._handles:
            with suppress(OSError):  # everything is written by then
                handle.close()


def _write_all(
    pending: list[tuple[ReceivedFile, IO[bytes], bytes]], ended: list[IO[bytes]], folder: UploadFolder
) -> None:
    """Write *pending* and close the *ended* files, so that an upload of many files has only a few open."""
    with folder.room_for(sum(len(chunk) for _, _, chunk in pending)), disk_errors(folder.path):
        for file, handle, chunk in pending:
            file.digest.update(chunk)
            handle.write(chunk)
            handle.flush()  # here, where a full disk raises
        for handle in ended:
            handle.close()


async def _in_time(chunks: AsyncIterator[bytes], seconds: float) -> AsyncIterator[bytes]:
    """Yield *chunks*; raise `UploadTooSlowError` if the next has not come *seconds* after the start."""
    due = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            async with asyncio.timeout_at(due):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as exc:
            message = f"The upload took longer than {seconds:g} seconds."
            raise UploadTooSlowError(message) from exc
        yield chunk


def _boundary(request: Request) -> bytes:
    media_type, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if media_type != b"multipart/form-data" or not boundary:
        message = "The body must be multipart/form-data with a boundary."
        raise MalformedUploadError(message)
    if len(boundary) > _BOUNDARY_BYTES:
        message = f"The boundary of the form is longer than {_BOUNDARY_BYTES} bytes."
        raise MalformedUploadError(message)
    return boundary
