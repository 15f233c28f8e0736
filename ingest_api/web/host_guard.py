"""Prevents web pages of other sites from using an API that is open to this machine only, through a browser.

A page may send forms to any address (cross-site request forgery), and may have its own name lead to 127.0.0.1 (DNS
rebinding). Without keys, what such a request lacks is a `Host` that is ours, or an `Origin` that is.
"""

import re
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from common.settings.model import Settings

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]*)?")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_ASKED_BY_ADDRESS = frozenset({"/livez", "/readyz", "/api/v1/health", "/metrics"})
"""Machines request these by a container's address; they reveal no secrets, and change nothing."""

_REMEMBERED = 64
"""How many accepted hosts are cached: parsing an address takes longer than everything else here."""


class MisdirectedError(Exception):
    """The request is for another host."""

    status = HTTPStatus.MISDIRECTED_REQUEST
    code = "host_not_allowed"

    def __init__(self) -> None:
        super().__init__("This host name is not served here; ICECUBE_SERVER_ALLOWED_HOSTS lists those that are.")


class CrossSiteError(Exception):
    """A web page of another site tries to write."""

    status = HTTPStatus.FORBIDDEN
    code = "cross_site"

    def __init__(self) -> None:
        super().__init__("A web page of another site may not write here.")


class HostGuardMiddleware:
    """Refuses requests for other hosts, and on loopback without keys those of other sites' pages."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in settings.server.allowed_hosts)
        self._is_local = is_loopback(settings.server.host)
        has_keys = bool(settings.access.api_keys or settings.access.api_keys_file)
        self._guards_pages = self._is_local and not has_keys
        self._guards_hosts = self._guards_pages or bool(self._hosts)
        self._known: set[bytes] = set()
        self._origins = frozenset(settings.access.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or raise `MisdirectedError` or `CrossSiteError`."""
        if self._guards_hosts and scope["type"] == "http":
            self._check(scope)
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        is_exempt = not self._is_local and scope["path"] in _ASKED_BY_ADDRESS
        if not self._are_ours(hosts, scope) and not is_exempt:
            raise MisdirectedError
        if self._guards_pages and scope["method"] not in _READING:
            self._check_page(scope)

    def _are_ours(self, hosts: list[bytes], scope: Scope) -> bool:
        if not hosts:
            return str(scope["http_version"]) == "1.0"  # no browser speaks it
        if len(hosts) > 1:
            return False
        return hosts[0] in self._known or self._is_known_from_now_on(hosts[0])

    def _is_known_from_now_on(self, host: bytes) -> bool:
        is_ours = "*" in self._hosts or self._is_ours(name_in(host.decode("latin-1")))
        if is_ours and len(self._known) < _REMEMBERED:
            self._known.add(host)
        return is_ours

    def _is_ours(self, name: str) -> bool:
        return (
            (self._is_local and is_loopback(name))
            or name in self._hosts
            or any(host.startswith("*.") and name.endswith(host[1:]) for host in self._hosts)
        )

    def _check_page(self, scope: Scope) -> None:
        origins = {value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"}
        if origins and (origins <= self._origins or "*" in self._origins):
            return
        for name, value in scope["headers"]:
            is_foreign_origin = name == b"origin" and not self._is_ours(origin_name(value.decode("latin-1")))
            if is_foreign_origin or (name == b"sec-fetch-site" and value == b"cross-site"):
                raise CrossSiteError


def is_loopback(name: str) -> bool:
    """Say whether *name* always means this machine."""
    name = name.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def name_in(host: str) -> str:
    """Return the name of a `Host`, without its port, in lower case; empty if it is invalid."""
    match = _HOST.fullmatch(host.strip())
    return match["name"].lower().rstrip(".") if match else ""


def origin_name(origin: str) -> str:
    """Return the name of the host of an `Origin`; empty for "null" and invalid ones."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    return name_in(parts.netloc) if parts.scheme in {"http", "https"} else ""
