"""Opens the sockets on which a service listens."""

import socket


def listen(host: str, port: int, *, backlog: int | None = None) -> socket.socket:
    """Return a socket that listens on *host*, a name or an address of IPv4 or IPv6; `::` means all of both.

    Raises `OSError`.
    """
    # No host is every IPv4 address, as ever.
    family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0] if host else socket.AF_INET
    is_for_both = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, backlog=backlog, dualstack_ipv6=is_for_both)


def address_in_words(host: str, port: int) -> str:
    """Return the address as it stands in URLs and messages: an IPv6 address is in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
