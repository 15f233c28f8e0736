"""Ports for servers that are started a moment later."""

import errno
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.local.ports import CANDIDATES, LOOPBACK, free_ports

OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
LINUX_DEFAULT = 32768


def test_each_port_is_another_and_free() -> None:
    """A server can listen on each, all at the same time."""
    with ExitStack() as servers:
        for port in free_ports(20):
            servers.enter_context(socket.create_server((LOOPBACK, port)))


def test_a_port_in_use_is_passed_over() -> None:
    """Where there are no more free ones than wanted that is told, rather than fewer returned."""
    one, other = free_ports(2)

    with socket.create_server((LOOPBACK, one)):
        found = [free_ports(1, among=[one, other]) for _ in range(10)]
        with pytest.raises(OSError, match="too few") as caught:
            free_ports(2, among=[one, other])

    assert found == [[other]] * 10
    assert caught.value.errno == errno.EADDRINUSE


@pytest.mark.skipif(not OUTGOING.exists(), reason="this system does not say which ports outgoing connections get")
def test_no_outgoing_connection_gets_such_a_port() -> None:
    """Until its server listens, no client of anything can be given it, as happens on a busy machine."""
    first = int(OUTGOING.read_text().split()[0])
    if first < LINUX_DEFAULT:
        pytest.skip("this system was told to give outgoing connections more ports")

    assert max(CANDIDATES) < first
