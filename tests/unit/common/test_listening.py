"""Services listen on whatever address is configured."""

import socket

import pytest

from common.listening import address_in_words, listen


def connects(host: str, port: int) -> bool:
    """Say whether somebody listens there."""
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def has_ipv6() -> bool:
    """Say whether this machine does; many containers have no address of that kind."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


NEEDS_IPV6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("127.0.0.1", {"127.0.0.1"}),
        pytest.param("::1", {"::1"}, marks=NEEDS_IPV6),
        ("", {"127.0.0.1"}),
        ("0.0.0.0", {"127.0.0.1"}),  # noqa: S104 - one of the cases
        pytest.param("::", {"127.0.0.1", "::1"}, marks=NEEDS_IPV6),
        ("localhost", set()),
    ],
)
def test_a_service_listens_on_the_address_that_is_named(host: str, reached: set[str]) -> None:
    """On either kind of address; a name leads to one of them."""
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]
        found = {address for address in ("127.0.0.1", "::1") if connects(address, port)}

    assert found == reached if reached else len(found) == 1


def test_an_address_is_written_as_in_urls() -> None:
    """Brackets keep an IPv6 address and its port apart."""
    assert address_in_words("::1", 3331) == "[::1]:3331"
    assert address_in_words("0.0.0.0", 80) == "0.0.0.0:80"  # noqa: S104 - written, not listened on
