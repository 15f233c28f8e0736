"""Gives all logs of a process one format: ours, uvicorn's, Faust's and aiokafka's."""

import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, BinaryIO

import stamina
import structlog
from structlog.typing import Processor

from common.settings.groups import LogFormat, LogLevel, ServerSettings

_LEVELS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARN: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}
_FACTS: list[Processor] = [
    structlog.processors.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_QUIET = {
    # They log at INFO what we log ourselves, or what nobody needs.
    "aiokafka": logging.WARNING,
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "uvicorn.access": logging.WARNING,
    "uvicorn.error": logging.WARNING,
    "botocore": logging.WARNING,
}


class _Unfailing:
    """Drops lines that cannot be written, as on a full disk or to a closed pipe: logging must stop no work."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, line: bytes) -> None:
        """Write what can be written."""
        with suppress(OSError, ValueError):
            self._file.write(line)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError, ValueError):
            self._file.flush()


def configure(settings: ServerSettings) -> None:
    """Write this process's log to stderr, structured, from the level in *settings* on.

    Our own lines bypass `logging`, which takes four times as long; every job logs some.
    """
    level, rendering = _LEVELS[settings.log_level], _rendering(settings.log_format)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *_FACTS, *rendering, _encode],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(_Unfailing(sys.stderr.buffer)),  # type: ignore[arg-type] # what it uses
        cache_logger_on_first_use=True,
    )
    _configure_libraries(level, rendering)
    stamina.instrumentation.set_on_retry_hooks([_tell_of_retry])


def _configure_libraries(level: int, rendering: Sequence[Processor]) -> None:
    """Give records from `logging` the same facts and format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.contextvars.merge_contextvars, structlog.stdlib.ExtraAdder(), *_FACTS],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(level)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, level))


def _rendering(log_format: LogFormat) -> list[Processor]:
    for_people = log_format is LogFormat.CONSOLE or (log_format is LogFormat.AUTO and sys.stderr.isatty())
    if for_people:
        # Plain tracebacks: the pretty ones show local variables, and with them passwords.
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _encode(_: object, __: str, line: Any) -> bytes:
    return str(line).encode(errors="backslashreplace")


def _tell_of_retry(details: stamina.instrumentation.RetryDetails) -> None:
    structlog.get_logger("retry").warning(
        "trying again", error=repr(details.caused_by), tries=details.retry_num, wait_seconds=round(details.wait_for, 2)
    )
