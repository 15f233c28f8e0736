"""The routes' dependencies: services of the application, and authentication of the caller.

One dependency a route, and a coroutine: FastAPI spends more on resolving one than we do in it, and runs a plain
function in a thread.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Header, Request
from fastapi.dependencies.models import Dependant
from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import Headers

from ingest_api.access.keys import ForbiddenError
from ingest_api.access.rate_limits import RateLimits, TooManyRequestsError
from ingest_api.domain.caller import ANYBODY, Caller, Scope
from ingest_api.reads.cache_policy import KEYED, OPEN, CachePolicy, until
from ingest_api.services import Services, utc_now
from ingest_api.web.rate_limit_headers import note_allowance

SECURITY_SCHEMES = {
    "HTTPBearer": {
        "type": "http",
        "description": "An API key, where the service asks for one.",
        "scheme": "bearer",
    },
    "APIKeyHeader": {
        "type": "apiKey",
        "description": "The same, in a header of its own.",
        "in": "header",
        "name": "X-API-Key",
    },
}
"""The security schemes of keys, for OpenAPI."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """An authorised caller, and the services."""

    services: Services
    caller: Caller

    def own(self, key: str | None) -> str | None:
        """Return the idempotency key within the owner's own."""
        return f"{self.caller.owner}:{key}" if key else None

    def cache_key(self, asked_for: str) -> str:
        """Return the cache key of a response for this caller: owners share none. *asked_for* is a part of the path."""
        return f"/{asked_for}" if self.caller.sees_all else f"{self.caller.owner}/{asked_for}"


BEARER = Caller("bearer of a signed URL", Scope.ADMIN, "")
"""Sees any image, as the signature says which one it is."""


@dataclass(frozen=True, slots=True)
class Download:
    """A caller who may download one image, and the cache policy of the answer."""

    services: Services
    caller: Caller
    policy: CachePolicy
    is_signed: bool = False
    as_download: bool = False

    def cache_key(self, asked_for: str) -> str | None:
        """Return the cache key of a response for this caller; None if each URL expires by itself."""
        return None if self.is_signed else Admitted(self.services, self.caller).cache_key(asked_for)


def services_of(request: Request) -> Services:
    """Return what the application opened when it started."""
    services: Services = request.state.services
    return services


def _admit_with(needed: Scope) -> Callable[[Request], Awaitable[Admitted]]:
    """Return a dependency that admits callers whose key has the scope, within their rate limit.

    It may be called more than once for a request, which counts once.
    """

    async def admit(request: Request) -> Admitted:
        admitted: Admitted | None = getattr(request.state, "admitted", None)
        if admitted is None:
            admitted = request.state.admitted = decide(request)
        return admitted

    def decide(request: Request) -> Admitted:
        services = services_of(request)
        caller = ANYBODY if services.access.is_open else services.access.caller_with(_key_in(request.headers))
        if caller.scope < needed:
            raise ForbiddenError(needed)
        if caller is not ANYBODY:
            structlog.contextvars.bind_contextvars(caller=caller.name)
            _spend(request, services.rate_limits, caller.owner)
        return Admitted(services, caller)

    return admit


def _spend(request: Request, limits: RateLimits, owner: str) -> None:
    """Count *request*; raise `TooManyRequestsError` if it is one too many."""
    if allowance := limits.spend(owner):
        note_allowance(request, allowance)
        if allowance.retry_after_seconds:
            raise TooManyRequestsError(allowance)


def _key_in(headers: Headers) -> str | None:
    scheme, key = get_authorization_scheme_param(headers.get("Authorization"))
    return (key if scheme.lower() == "bearer" else None) or headers.get("X-API-Key") or None


def admission_of(dependant: Dependant) -> Callable[[Request], Awaitable[Admitted]]:
    """Return the dependency of a route that admits its callers; raise `LookupError` if it has none."""
    calls = [dependency.call for dependency in dependant.dependencies]
    for admit in _ADMISSIONS.values():
        if admit in calls:
            return admit
    message = "the route admits everybody: it depends on neither Reader nor Writer, nor on a scope beyond"
    raise LookupError(message)


async def _downloading(request: Request) -> Download:
    """Admit the holder of a signed URL, or a reader."""
    services, at = services_of(request), utc_now()
    query = request.scope["query_string"].decode("latin-1")
    if services.urls.is_signed(query):
        access = services.urls.check(request.scope["path"], query, at=at)
        policy = until(access.expires_at, at=at)
        return Download(services, BEARER, policy, is_signed=True, as_download=access.as_download)
    admitted = await _ADMISSIONS[Scope.READ](request)
    return Download(services, admitted.caller, OPEN if services.access.is_open else KEYED)


_ADMISSIONS = {scope: _admit_with(scope) for scope in Scope}

Reader = Annotated[Admitted, Depends(_ADMISSIONS[Scope.READ])]
Writer = Annotated[Admitted, Depends(_ADMISSIONS[Scope.WRITE])]
Downloader = Annotated[Download, Depends(_downloading)]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Your own name for this request: sent again with it, the same request gets the first answer.",
    ),
]
