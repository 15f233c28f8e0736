"""The API keys in force: those of the settings, and those of a file that is read again when it changes."""

import asyncio

import structlog

from common.settings.access import AccessSettings
from ingest_api.access.keys import AccessList
from ingest_api.access.keys_file import KeysFileError, entries_in, read_keys_file
from ingest_api.domain.caller import ANYBODY, Caller

log = structlog.get_logger(__name__)

_POLL_SECONDS = 1.0
"""Reading a small file is cheap, and notices every kind of change: a write, a rename, another target of a link."""


class KeyRing:
    """Finds the caller of a key. Open to everybody only if neither keys nor a file are configured.

    A file without entries lets nobody in. If it becomes unreadable or wrong, nothing changes, and the log says so.
    """

    def __init__(self, settings: AccessSettings) -> None:
        """Read the file, if one is configured; raise `KeysFileError`."""
        self._settings = settings
        self._path = settings.api_keys_file
        self._text = read_keys_file(self._path) if self._path else ""
        self._list = self._list_with(self._text)
        self.is_open = not settings.api_keys and self._path is None

    def caller_with(self, key: str | None) -> Caller:
        """Return the caller with *key*, or anybody if no keys are configured; raise `UnauthenticatedError`."""
        return ANYBODY if self.is_open else self._list.caller_with(key)

    async def run(self) -> None:
        """Read the file every second or so, until cancelled."""
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            await self.reload()

    async def reload(self) -> None:
        """Use the file's current keys, if it is valid."""
        if self._path is None:
            return
        try:
            text = await asyncio.to_thread(read_keys_file, self._path)
            if text == self._text:
                return
            self._list = self._list_with(text)
            log.info("API keys read", keys=len(self._list.callers))
        except KeysFileError as exc:
            log.error("API keys stay as they were", error=str(exc))  # noqa: TRY400 - the sentence says it all
            return
        self._text = text

    def _list_with(self, text: str) -> AccessList:
        entries = entries_in(text, self._path) if self._path else ()
        try:
            return AccessList.of((*self._settings.api_keys, *entries))
        except ValueError as exc:
            message = f"{self._path or 'access.apiKeys'}: {exc}"
            raise KeysFileError(message) from exc
