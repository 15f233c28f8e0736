"""How the routes are declared."""

from collections.abc import Iterator
from inspect import iscoroutinefunction

import pytest
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from ingest_api.web.json_bodies import JsonRoute
from ingest_api.web.routes import health, image_urls, images, jobs, lists
from ingest_api.web.routes.dependencies import Admitted, Download

ROUTERS = (images.router, images.reads, image_urls.router, lists.router, jobs.router, jobs.reads, health.router)
ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]

DOCUMENTED = [route for route in ROUTES if route.include_in_schema]


def called(dependant: Dependant) -> Iterator[object]:
    """Yield what FastAPI calls to answer a request."""
    yield dependant.call
    for dependency in dependant.dependencies:
        yield from called(dependency)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation_id)
def test_no_request_waits_for_a_thread_to_look_at_it(route: APIRoute) -> None:
    """Routes and their dependencies are coroutines: FastAPI would run plain functions in its few threads."""
    functions = list(called(route.dependant))

    assert functions
    assert [function for function in functions if not is_coroutine(function)] == []


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.include_in_schema], ids=lambda route: route.operation_id
)
def test_a_route_that_asks_for_a_key_says_so(route: APIRoute) -> None:
    """Where 401 may be the answer the schema tells it, and from that how to send a key; nowhere else."""
    asks = any(
        getattr(function, "__annotations__", {}).get("return") in {Admitted, Download}
        for function in called(route.dependant)
    )

    assert (401 in route.responses) == asks


def is_coroutine(function: object) -> bool:
    """Say whether *function*, or the call of an object, is a coroutine."""
    return iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)


def test_a_route_that_takes_json_must_admit_its_callers() -> None:
    """One that forgets does not start: it would read the bodies of strangers."""
    router = APIRouter(route_class=JsonRoute)

    async def take(body: dict[str, int]) -> None:
        """Take anything."""

    with pytest.raises(LookupError, match="neither Reader nor Writer"):
        router.post("/")(take)
