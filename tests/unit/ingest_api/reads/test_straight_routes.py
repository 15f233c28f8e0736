"""Routes that call their endpoint straight."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.types import Receive, Scope, Send

from ingest_api.reads.straight import StraightMiddleware, StraightRoute


async def word(request: Request) -> str:
    """Return what the caller said."""
    return request.headers["X-Word"]


async def told(name: str, said: Annotated[str, Depends(word)], request: Request) -> Response:
    """Answer with everything that an endpoint may take."""
    return Response(f"{name} {said} {request.method}")


async def searching(query: str) -> Response:
    """Take what a straight route does not find."""
    return Response(query)


async def nested(said: Annotated[str, Depends(told)]) -> Response:
    """Depend on something that depends on more than the request."""
    return Response(said)


def a_client(**more: object) -> httpx.AsyncClient:
    """Return a client of an application with a straight route, that tells which way a request went.

    *more* is put into each request's scope.
    """
    app = FastAPI()
    app.router.routes.append(StraightRoute("/told/{name}", told, methods=["GET"]))
    straight = StraightMiddleware(app, app.routes)

    async def through(scope: Scope, receive: Receive, send: Send) -> None:
        await straight({**scope, **more, "state": {}}, receive, send)

    return httpx.AsyncClient(transport=httpx.ASGITransport(through), base_url="http://test")


@pytest.mark.parametrize("more", [{}, {"fastapi.telemetry": None}], ids=["straight", "with a tracer"])
async def test_an_endpoint_gets_its_path_its_dependencies_and_the_request(more: dict[str, object]) -> None:
    """Straight or through FastAPI, an endpoint is passed the same."""
    async with a_client(**more) as http:
        answer = await http.get("/told/one", headers={"X-Word": "hello"})

    assert answer.text == "one hello GET"


@pytest.mark.parametrize(("method", "path", "status"), [("POST", "/told/one", 405), ("GET", "/told/one/two", 404)])
async def test_what_no_straight_route_takes_is_passed_on(method: str, path: str, status: int) -> None:
    """Another method, or another path, is the router's to answer."""
    async with a_client() as http:
        answer = await http.request(method, path)

    assert answer.status_code == status


@pytest.mark.parametrize("endpoint", [searching, nested])
def test_an_endpoint_that_takes_more_is_refused_when_it_is_declared(
    endpoint: Callable[..., Awaitable[Response]],
) -> None:
    """No parameter is left out silently: whoever adds one to such a route learns it at once."""
    router = APIRouter(route_class=StraightRoute)

    with pytest.raises(TypeError, match="straight route takes nothing but"):
        router.get("/searching")(endpoint)
