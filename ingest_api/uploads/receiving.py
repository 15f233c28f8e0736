"""Receives a multipart upload: its parts named `file` go to files as they arrive, never whole into memory."""

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
from ingest_api.uploads.header import UploadRefusedError

FIELD = "file"
_WRITE_BYTES = 1024 * 1024
"""How much of an upload is gathered before it is written: the memory that an upload needs."""
_HEADER_BYTES = 16 * 1024


class MalformedUploadError(UploadRefusedError):
    """The body is no multipart form, or holds no part named `file`."""

    code = "malformed_upload"


class FileTooLargeError(UploadRefusedError):
    """A file is larger than the limit."""

    code = "file_too_large"


class TooManyFilesError(UploadRefusedError):
    """The upload has more files than the limit."""

    code = "too_many_files"


@dataclass(slots=True)
class ReceivedFile:
    """A received part: the client's name for it, and where its bytes are."""

    name: str | None
    path: Path
    byte_size: int = 0
    digest: Any = field(default_factory=sha256)  # hashlib names no type for it


@dataclass(slots=True)
class _Part:
    """The part being parsed; *file* is None for one that nobody asked for."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    header_name: bytes = b""
    header_value: bytes = b""
    file: ReceivedFile | None = None
    handle: IO[bytes] | None = None


@asynccontextmanager
async def receive_files(request: Request, limits: LimitsSettings, folder: Path) -> AsyncIterator[list[ReceivedFile]]:
    """Yield the uploaded files, in the order sent, in *folder*; those still there are removed on the way out.

    Raises `MalformedUploadError`, `FileTooLargeError` or `TooManyFilesError` as soon as it can be known, and
    `BlobStoreUnavailableError` when the folder cannot take the bytes.
    """
    receiver = _Receiver(limits, folder)
    try:
        await receiver.receive(request)
        yield receiver.files
    finally:
        await asyncio.to_thread(receiver.discard)


class _Receiver:
    """Callbacks for python-multipart's parser; see its documentation for their order."""

    def __init__(self, limits: LimitsSettings, folder: Path) -> None:
        self.files: list[ReceivedFile] = []
        self._limits = limits
        self._folder = folder
        self._part = _Part()
        self._pending: list[tuple[ReceivedFile, IO[bytes], bytes]] = []
        self._pending_bytes = 0
        self._handles: list[IO[bytes]] = []

    async def receive(self, request: Request) -> None:
        parser = MultipartParser(_boundary(request), self._callbacks())  # type: ignore[arg-type] # typed as a TypedDict
        try:
            async for chunk in request.stream():
                parser.write(chunk)
                if self._pending_bytes >= _WRITE_BYTES:
                    await self._write_pending()
            parser.finalize()
        except FormParserError as exc:
            message = "The body is not a well-formed multipart form."
            raise MalformedUploadError(message) from exc
        await self._write_pending()
        await asyncio.to_thread(self._close_handles)
        if not self.files:
            message = f"The form has no part named {FIELD!r}."
            raise MalformedUploadError(message)

    def discard(self) -> None:
        self._close_handles()
        for file in self.files:
            file.path.unlink(missing_ok=True)

    def _callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._part_data,
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
            message = f"A header of a part is longer than {_HEADER_BYTES} bytes."
            raise MalformedUploadError(message)

    def _end_header(self) -> None:
        self._part.headers[self._part.header_name.lower()] = self._part.header_value
        self._part.header_name = self._part.header_value = b""

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._part.headers.get(b"content-disposition"))
        if options.get(b"name", b"").decode("utf-8", "replace") == FIELD:
            self._begin_file(options.get(b"filename"))

    def _begin_file(self, name: bytes | None) -> None:
        if len(self.files) == self._limits.upload_files:
            message = f"An upload may have {self._limits.upload_files} files at most."
            raise TooManyFilesError(message)
        with disk_errors(self._folder):
            handle = NamedTemporaryFile(dir=self._folder, prefix="upload-", delete=False)  # noqa: SIM115 - see discard
        self._handles.append(handle)
        self._part.handle = handle
        self._part.file = ReceivedFile(name.decode("utf-8", "replace") if name else None, Path(handle.name))
        self.files.append(self._part.file)

    def _part_data(self, chunk: bytes, start: int, end: int) -> None:
        file, handle = self._part.file, self._part.handle
        if file is None or handle is None:
            return
        file.byte_size += end - start
        if file.byte_size > self._limits.upload_bytes:
            message = f"The file {len(self.files)} of the upload is larger than {self._limits.upload_bytes} bytes."
            raise FileTooLargeError(message)
        self._pending.append((file, handle, chunk[start:end]))
        self._pending_bytes += end - start

    async def _write_pending(self) -> None:
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        with disk_errors(self._folder):
            await asyncio.to_thread(_write_all, pending)

    def _close_handles(self) -> None:
        for handle in self._handles:
            with suppress(OSError):  # everything is written by then
                handle.close()


def _write_all(pending: list[tuple[ReceivedFile, IO[bytes], bytes]]) -> None:
    for file, handle, chunk in pending:
        file.digest.update(chunk)
        handle.write(chunk)
        handle.flush()  # here, where a full disk is heard of


def _boundary(request: Request) -> bytes:
    media_type, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if media_type != b"multipart/form-data" or not boundary:
        message = "The body must be multipart/form-data with a boundary."
        raise MalformedUploadError(message)
    return boundary
