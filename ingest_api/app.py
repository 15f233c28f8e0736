"""The FastAPI application."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from common.settings.model import Settings
from ingest_api.console import page
from ingest_api.services import Services, open_services
from ingest_api.web.body_limit import BodyLimitMiddleware
from ingest_api.web.caching import NoStoreMiddleware
from ingest_api.web.cors import add_cors
from ingest_api.web.errors import add_error_handlers
from ingest_api.web.host_guard import HostGuardMiddleware
from ingest_api.web.paths import HeadMiddleware, redirect_or_not_found
from ingest_api.web.rate_limit_headers import add_rate_limit_headers
from ingest_api.web.request_context import RequestContextMiddleware
from ingest_api.web.request_metrics import add_metrics, telemetry
from ingest_api.web.routes import batches, health, image_urls, images, jobs, lists
from ingest_api.web.routes.dependencies import SECURITY_SCHEMES

_DESCRIPTION = """
Upload images, request variants of them (resized, converted, compressed), and fetch the results.
A Kafka topic announces every job that ends. Errors are problem details (RFC 9457).
"""


_ROUTERS = (
    images.router,
    images.reads,
    image_urls.router,
    lists.router,
    batches.router,
    batches.acts,
    jobs.router,
    jobs.acts,
    jobs.reads,
    health.router,
    page.router,
)


def create_app(
    settings: Settings,
    *,
    open_with: Callable[[Settings], AbstractAsyncContextManager[Services]] = open_services,
) -> FastAPI:
    """Return the application; it opens its services when it starts, not before."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Services]]:
        async with open_with(settings) as services:
            yield {"services": services}

    # FastAPIOffline serves the documentation page's scripts itself instead of having browsers fetch them elsewhere; the
    # page is ours, as its own runs an inline script.
    app: FastAPI = FastAPIOffline(
        docs_url=None,
        title="Icecube",
        version=version("icecube"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        telemetry=telemetry(),
    )
    # From the inside out: every error is answered and logged with the request's id, and measured.
    app.add_middleware(HeadMiddleware)
    app.add_middleware(BodyLimitMiddleware)
    app.add_middleware(HostGuardMiddleware, settings=settings)
    add_error_handlers(app)
    app.add_middleware(NoStoreMiddleware, varies_by_origin=bool(settings.access.cors_origins))
    add_rate_limit_headers(app, settings.access.requests_per_minute)
    add_cors(app, settings.access.cors_origins)
    app.add_middleware(RequestContextMiddleware)
    add_metrics(app)
    for router in _ROUTERS:
        app.include_router(router)
    app.router.redirect_slashes, app.router.default = False, redirect_or_not_found
    _document(app)
    return app


def _document(app: FastAPI) -> None:
    """Add to the schema what FastAPI cannot know: how keys are sent, and which answers we give."""
    schema = app.openapi()
    schema["components"]["securitySchemes"] = SECURITY_SCHEMES
    for path in schema["paths"].values():
        for operation in path.values():
            if "401" in operation["responses"]:
                operation["security"] = [{name: []} for name in SECURITY_SCHEMES]
            # FastAPI documents this 422 for every route; here it is 400.
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)
