"""Raises the limit of open files, and derives that of connections."""

import resource

import structlog

log = structlog.get_logger(__name__)

_WHERE_UNLIMITED = 1 << 16
_RESERVED = 192
"""Files that are not client connections: listener, database, Kafka, blob store, logs, refused connections."""


def raise_open_files_limit() -> None:
    """Raise the limit of open files to the most allowed: it often starts at 1024, far below that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, _WHERE_UNLIMITED) if hard == resource.RLIM_INFINITY else hard
    if soft == wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError) as exc:
        log.warning("open files limit not raised", limit=soft, wanted=wanted, error=str(exc))


def open_files_limit() -> int:
    """Return how many files the process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def connections_within(wanted: int, *, open_files: int) -> int:
    """Return *wanted*, or as many connections as *open_files* allow: each may have one file open beside itself."""
    possible = max((open_files - _RESERVED) // 2, 1)
    if possible < wanted:
        log.warning("fewer connections than set: the limit of open files", connections=possible, open_files=open_files)
    return min(wanted, possible)
