"""How the routes are declared."""

from collections.abc import Iterator
from inspect import iscoroutinefunction

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from ingest_api.routes import health, images, jobs

ROUTES = [route for module in (health, images, jobs) for route in module.router.routes if isinstance(route, APIRoute)]


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


def is_coroutine(function: object) -> bool:
    """Say whether *function*, or the call of an object, is a coroutine."""
    return iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)
