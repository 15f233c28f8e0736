"""One log format for everything in a process: ours, uvicorn's, Faust's and aiokafka's."""

import logging
import sys

import stamina
import structlog

from common.settings.groups import LogFormat, LogLevel, ServerSettings

_LEVELS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARN: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}
_QUIET = {
    # They tell at INFO what we tell ourselves, or what nobody asks for.
    "aiokafka": logging.WARNING,
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "uvicorn.access": logging.WARNING,
    "uvicorn.error": logging.WARNING,
    "botocore": logging.WARNING,
}


def configure(settings: ServerSettings) -> None:
    """Send every record of this process to stderr, structured, from the level in *settings* on."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(shared, settings.log_format))
    logging.root.handlers = [handler]
    logging.root.setLevel(_LEVELS[settings.log_level])
    stamina.instrumentation.set_on_retry_hooks([_tell_of_retry])
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(max(level, _LEVELS[settings.log_level]))


def _tell_of_retry(details: stamina.instrumentation.RetryDetails) -> None:
    structlog.get_logger("retry").warning(
        "trying again", error=repr(details.caused_by), tries=details.retry_num, wait_seconds=round(details.wait_for, 2)
    )


def _formatter(shared: list[structlog.typing.Processor], log_format: LogFormat) -> logging.Formatter:
    for_people = log_format is LogFormat.CONSOLE or (log_format is LogFormat.AUTO and sys.stderr.isatty())
    rendering: list[structlog.typing.Processor] = (
        # Plain tracebacks: the pretty ones show local variables, and with them passwords.
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if for_people
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
