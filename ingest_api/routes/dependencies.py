"""What routes get from the application, and what they ask of the caller.

All of it is `async` though nothing waits: FastAPI runs a plain function in a thread, which costs more than the rest.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

import structlog
from fastapi import Depends, Header, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from ingest_api.access import ANYBODY, Caller, ForbiddenError, Scope
from ingest_api.services import Services

_BEARER = HTTPBearer(auto_error=False, description="An API key, where the service asks for one.")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same, in a header of its own.")


async def _services(request: Request) -> Services:
    services: Services = request.state.services
    return services


ServicesOfApp = Annotated[Services, Depends(_services)]


def _caller_with(needed: Scope) -> Callable[..., Awaitable[Caller]]:
    """Return a dependency: who is asking, provided that their key has the scope and their share is not used up."""

    async def caller(
        services: ServicesOfApp,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
        header: Annotated[str | None, Security(_HEADER)],
    ) -> Caller:
        found = services.access.caller_with(bearer.credentials if bearer else header)
        if found.scope < needed:
            raise ForbiddenError(needed)
        if found is not ANYBODY:
            services.rate_limits.spend(found.name)
            structlog.contextvars.bind_contextvars(caller=found.name)
        return found

    return caller


Reader = Annotated[Caller, Depends(_caller_with(Scope.READ))]
Writer = Annotated[Caller, Depends(_caller_with(Scope.WRITE))]


async def _own_key(
    caller: Writer,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            pattern=r"^[\x21-\x7e]+$",
            description="Your own name for this request: sent again with it, the same request gets the first answer.",
        ),
    ] = None,
) -> str | None:
    return f"{caller.name}:{key}" if key else None  # each caller's keys are its own


IdempotencyKey = Annotated[str | None, Depends(_own_key)]
