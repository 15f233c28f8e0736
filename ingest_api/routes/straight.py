"""Routes that are documented like all others, and call their endpoint without FastAPI's own way with a request."""

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send


class StraightRoute(APIRoute):
    """Calls an endpoint that takes path parameters as text, the request, and what depends on nothing but the request.

    The endpoint returns its response. FastAPI's own way can resolve anything, and takes 80 µs to do so.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **described: Any) -> None:
        super().__init__(path, endpoint, **described)
        if _takes_more(self.dependant):
            message = f"{path}: a straight route takes nothing but path parameters, the request and what depends on it"
            raise TypeError(message)
        self._named = [(field.name, field.alias) for field in self.dependant.path_params]
        self._depended = [(one.name or "", one.call) for one in self.dependant.dependencies if one.call]
        self._request_name = self.dependant.request_param_name
        self.app = self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        arguments: dict[str, Any] = {name: scope["path_params"][alias] for name, alias in self._named}
        for name, call in self._depended:
            arguments[name] = await call(request)
        if self._request_name:
            arguments[self._request_name] = request
        response: Response = await self.endpoint(**arguments)
        await response(scope, receive, send)


def _takes_more(wanted: Dependant) -> bool:
    """Say whether *wanted* has parameters that are in neither the path nor a dependency on the request alone."""
    parameters = (wanted.query_params, wanted.header_params, wanted.cookie_params, wanted.body_params)
    return any(parameters) or any(
        one.path_params or one.dependencies or _takes_more(one) for one in wanted.dependencies
    )
