"""Routes that call their endpoint straight."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response

from ingest_api.routes.straight import StraightRoute


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


async def test_an_endpoint_gets_its_path_its_dependencies_and_the_request() -> None:
    """What FastAPI would pass to an endpoint of this kind is passed, under the same names."""
    app = FastAPI()
    app.router.routes.append(StraightRoute("/told/{name}", told))
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")

    answer = await http.get("/told/one", headers={"X-Word": "hello"})

    assert answer.text == "one hello GET"


@pytest.mark.parametrize("endpoint", [searching, nested])
def test_an_endpoint_that_takes_more_is_refused_when_it_is_declared(
    endpoint: Callable[..., Awaitable[Response]],
) -> None:
    """No parameter is left out silently: whoever adds one to such a route learns it at once."""
    router = APIRouter(route_class=StraightRoute)

    with pytest.raises(TypeError, match="straight route takes nothing but"):
        router.get("/searching")(endpoint)
