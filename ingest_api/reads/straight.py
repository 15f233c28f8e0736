"""Routes that FastAPI documents and could serve, and that are served without it: its own way takes 80 µs a request."""

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send


class StraightRoute(APIRoute):
    """A route whose endpoint takes path parameters as text, the request, and what depends on nothing but the request.

    The endpoint returns its response itself.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **described: Any) -> None:
        super().__init__(path, endpoint, **described)
        if _takes_more(self.dependant):
            message = f"{path}: a straight route takes nothing but path parameters, the request and what depends on it"
            raise TypeError(message)
        self._named = [(field.name, field.alias) for field in self.dependant.path_params]
        self._depended = [(one.name or "", one.call) for one in self.dependant.dependencies if one.call]
        self._request_name = self.dependant.request_param_name

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the endpoint and send its response; errors are raised."""
        request = Request(scope, receive, send)
        arguments: dict[str, Any] = {name: scope["path_params"][alias] for name, alias in self._named}
        for name, call in self._depended:
            arguments[name] = await call(request)
        if self._request_name:
            arguments[self._request_name] = request
        response: Response = await self.endpoint(**arguments)
        await response(scope, receive, send)


class StraightMiddleware:
    """Serves the requests for straight routes, and passes all others on.

    Where a tracer runs it passes on these too: FastAPI tells the route to its span.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._routes = [(route, route.methods or set()) for route in routes if isinstance(route, StraightRoute)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; errors are raised, also those that have a handler."""
        if scope["type"] == "http" and "fastapi.telemetry" not in scope:
            for route, methods in self._routes:
                match = route.path_regex.match(scope["path"])
                if match and scope["method"] in methods:
                    scope["route"], scope["path_params"] = route, match.groupdict()
                    await route.serve(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def _takes_more(wanted: Dependant) -> bool:
    """Say whether *wanted* has parameters that are in neither the path nor a dependency on the request alone."""
    parameters = (wanted.query_params, wanted.header_params, wanted.cookie_params, wanted.body_params)
    return any(parameters) or any(
        one.path_params or one.dependencies or _takes_more(one) for one in wanted.dependencies
    )
