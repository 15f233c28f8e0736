"""A FastAPI route that calls its endpoint directly: solving dependencies would cost twice as much as our reads.

It stands in the router like every other route. What FastAPI would have to solve is refused at declaration.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import fields
from inspect import iscoroutinefunction, signature
from typing import Any, cast

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import (  # pyproject.toml bounds FastAPI for this private name
    APIRoute,
    _effective_route_context_var,
)

_ALWAYS = frozenset({"call", "path", "use_cache", "scope"})
_ENDPOINT_MAY_HAVE = frozenset({"path_params", "request_param_name", "dependencies", *_ALWAYS})
_DEPENDENCY_MAY_HAVE = frozenset({"request_param_name", "name", *_ALWAYS})

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class DirectRoute(APIRoute):
    """A route whose endpoint takes path parameters as text, the request, and coroutines' results that take the request.

    The endpoint is a coroutine function and returns its response. Anything else raises `TypeError`: when the route is
    declared, and for what an including router adds, when the application's schema or its first answer is made.
    """

    def get_route_handler(self) -> Handler:
        """Return the handler that FastAPI calls for a request."""
        included = _effective_route_context_var.get()
        route = self if included is None or included.original_route is not self else included
        problems = list(_problems(route.dependant))
        if problems:
            message = f"{self.path}: a direct route cannot serve {', '.join(problems)}"
            raise TypeError(message)
        solve, call = super().get_route_handler(), _direct(route.dependant)
        overridden = getattr(route.dependency_overrides_provider, "dependency_overrides", {})

        async def handle(request: Request) -> Response:
            return await (solve(request) if overridden else call(request))

        return handle


def _direct(dependant: Dependant) -> Callable[[Request], Awaitable[Response]]:
    """Return a function that calls the endpoint of *dependant* with all its arguments."""
    endpoint = cast("Callable[..., Awaitable[Response]]", dependant.call)
    named = [(field.name, field.alias) for field in dependant.path_params]
    dependencies = [
        (cast("str", one.name), cast("Callable[..., Awaitable[Any]]", one.call), one.request_param_name)
        for one in dependant.dependencies
    ]
    request_name = dependant.request_param_name

    async def call(request: Request) -> Response:
        given = request.path_params
        arguments: dict[str, Any] = {name: given[alias] for name, alias in named}
        for name, dependency, takes in dependencies:
            arguments[name] = await (dependency(**{takes: request}) if takes else dependency())
        if request_name:
            arguments[request_name] = request
        return await endpoint(**arguments)

    return call


def _problems(dependant: Dependant) -> Iterator[str]:
    """Yield what the endpoint needs that only FastAPI can provide."""
    yield from (f"{name} of the endpoint" for name in _beyond(dependant, _ENDPOINT_MAY_HAVE))
    if not iscoroutinefunction(dependant.call):
        yield "an endpoint that is no coroutine function"
    elif not _returns_response(dependant.call):
        yield "an endpoint that is not annotated to return a response"
    for field in dependant.path_params:
        if field.field_info.annotation is not str or field.field_info.metadata:
            yield f"the path parameter {field.alias}, which is not plain text"
    for dependency in dependant.dependencies:
        yield from (f"{name} of the dependency {dependency.name}" for name in _beyond(dependency, _DEPENDENCY_MAY_HAVE))
        if not iscoroutinefunction(dependency.call):
            yield f"the dependency {dependency.name}, which is no coroutine function"
        if dependency.name is None:
            yield "a dependency of a router or decorator"


def _beyond(dependant: Dependant, allowed: frozenset[str]) -> list[str]:
    return [one.name for one in fields(dependant) if one.name not in allowed and getattr(dependant, one.name)]


def _returns_response(endpoint: Callable[..., Any]) -> bool:
    returned = signature(endpoint, eval_str=True).return_annotation
    return isinstance(returned, type) and issubclass(returned, Response)
