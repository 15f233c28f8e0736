"""Finds free TCP ports of this machine."""

import errno
import random
import socket
from collections.abc import Sequence
from itertools import islice

LOOPBACK = "127.0.0.1"
CANDIDATES = range(20_000, 30_000)
"""Outgoing connections, which come and go all the time, have higher ports: from 32768 on Linux, else from 49152."""


def free_ports(count: int, *, among: Sequence[int] = CANDIDATES) -> list[int]:
    """Return *count* different loopback ports that were free a moment ago; another server may take one.

    Raises `OSError` when there are not so many.
    """
    free = (port for port in random.sample(among, len(among)) if is_free(LOOPBACK, port))
    found = list(islice(free, count))
    if len(found) < count:
        raise OSError(errno.EADDRINUSE, "too few ports are free")
    return found


def is_free(host: str, port: int) -> bool:
    """Say whether a server could listen on *host* and *port* now; port 0 is always free.

    Raises `OSError` for anything but a port in use: a host that is not ours, a port that needs rights.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # As servers do: closing connections do not count as use.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return False
            raise
    return True
