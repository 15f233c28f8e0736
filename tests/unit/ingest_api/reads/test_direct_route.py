"""Direct routes answer as FastAPI's own would, and refuse what they could not serve."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException, Path, Request, Response
from fastapi.routing import APIRoute

from ingest_api.reads.direct_route import DirectRoute


async def word(request: Request) -> str:
    """Return what the caller said, or refuse who says nothing."""
    if "X-Word" not in request.headers:
        raise HTTPException(403, "say something")
    return request.headers["X-Word"]


async def other_word() -> str:
    """Return what takes the place of a dependency."""
    return "overridden"


def sync_word(request: Request) -> str:
    """Return what FastAPI would ask for in a thread."""
    return request.headers["X-Word"]


async def yielded_word() -> AsyncIterator[str]:
    """Yield what is closed after the answer."""
    yield "hello"


async def nested_word(said: Annotated[str, Depends(word)]) -> str:
    """Depend on more than the request."""
    return said


async def asked_word(word: str) -> str:
    """Take a query parameter."""
    return word


Said = Annotated[str, Depends(word)]
Name = Annotated[str, Path(alias="id")]


async def tell(name: Name, said: Said, request: Request) -> Response:
    """Answer with everything that an endpoint may take."""
    return Response(f"{name} {said} {request.method}")


def a_router(route_class: type[APIRoute]) -> APIRouter:
    """Return a router with one route of *route_class*."""
    router = APIRouter(route_class=route_class)
    router.get("/told/{id}")(tell)
    return router


def a_client(route_class: type[APIRoute], *, tracing: bool = False) -> httpx.AsyncClient:
    """Return a client of an application with one route of *route_class*."""
    app = FastAPI(telemetry={"tracing": tracing, "metrics": False, "logs": False, "auto_configure": False})
    app.include_router(a_router(route_class))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.mark.parametrize("tracing", [False, True])
@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "text"),
    [
        ("GET", "/told/one", {"X-Word": "hello"}, 200, "one hello GET"),
        ("GET", "/told/a%20b", {"X-Word": "hello"}, 200, "a b hello GET"),
        ("GET", "/told/one", {}, 403, '{"detail":"say something"}'),
        ("POST", "/told/one", {}, 405, '{"detail":"Method Not Allowed"}'),
        ("GET", "/told/one/two", {}, 404, '{"detail":"Not Found"}'),
    ],
)
async def test_answers_are_those_of_fastapi(
    tracing: bool,  # noqa: FBT001 - parametrized
    method: str,
    path: str,
    headers: dict[str, str],
    status: int,
    text: str,
) -> None:
    """With a tracer and without, a direct route answers what FastAPI's own answers, errors too."""
    answers = []
    for route_class in (DirectRoute, APIRoute):
        async with a_client(route_class, tracing=tracing) as http:
            answers.append(await http.request(method, path, headers=headers))

    direct, fastapi = answers
    assert (direct.status_code, direct.text) == (status, text)
    assert (fastapi.status_code, fastapi.text) == (status, text)
    assert direct.headers == fastapi.headers


async def test_an_overridden_dependency_is_overridden() -> None:
    """What an application puts in the place of a dependency is what the endpoint gets."""
    app = FastAPI()
    app.include_router(a_router(DirectRoute))
    app.dependency_overrides[word] = other_word

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        answer = await http.get("/told/one", headers={"X-Word": "hello"})

    assert answer.text == "one overridden GET"


async def sync_dependency(said: Annotated[str, Depends(sync_word)]) -> Response:
    """Depend on a plain function."""
    return Response(said)


async def yielding_dependency(said: Annotated[str, Depends(yielded_word)]) -> Response:
    """Depend on what is closed after the answer."""
    return Response(said)


async def nested_dependency(said: Annotated[str, Depends(nested_word)]) -> Response:
    """Depend on what has a dependency itself."""
    return Response(said)


async def asking_dependency(said: Annotated[str, Depends(asked_word)]) -> Response:
    """Depend on a query parameter."""
    return Response(said)


async def object_dependency(said: Annotated[str, Depends(partial(sync_word))]) -> Response:
    """Depend on an object that can be called."""
    return Response(said)


async def query(word: str) -> Response:
    """Take a query parameter."""
    return Response(word)


async def background(tasks: BackgroundTasks) -> Response:
    """Take tasks for after the answer."""
    return Response(str(tasks))


async def typed_path(id: UUID) -> Response:  # noqa: A002 - the path's
    """Take an id that has to be parsed."""
    return Response(str(id))


async def bounded_path(id: Annotated[str, Path(max_length=3)]) -> Response:  # noqa: A002 - the path's
    """Take an id that has to be checked."""
    return Response(id)


async def no_response() -> dict[str, str]:
    """Return what has to be serialised."""
    return {}


def sync_endpoint() -> Response:
    """Run in a thread."""
    return Response()


@pytest.mark.parametrize(
    ("endpoint", "reason"),
    [
        (sync_dependency, "the dependency said, which is no coroutine function"),
        (yielding_dependency, "the dependency said, which is no coroutine function"),
        (nested_dependency, "dependencies of the dependency said"),
        (asking_dependency, "query_params of the dependency said"),
        (object_dependency, "the dependency said, which is no coroutine function"),
        (query, "query_params of the endpoint"),
        (background, "background_tasks_param_name of the endpoint"),
        (typed_path, "the path parameter id, which is not plain text"),
        (bounded_path, "the path parameter id, which is not plain text"),
        (no_response, "an endpoint that is not annotated to return a response"),
        (sync_endpoint, "an endpoint that is no coroutine function"),
    ],
)
def test_what_it_cannot_serve_is_refused_when_declared(endpoint: Callable[..., Any], reason: str) -> None:
    """Nothing is left out silently, and nothing fails at the first request: who declares it learns it at once."""
    router = APIRouter(route_class=DirectRoute)
    path = "/{id}" if endpoint in {typed_path, bounded_path} else "/"

    with pytest.raises(TypeError, match=rf"^{path}: a direct route cannot serve .*{reason}".replace("{", r"\{")):
        router.get(path)(endpoint)


@pytest.mark.parametrize("of_router", [False, True])
def test_a_dependency_of_its_decorator_or_router_is_refused(of_router: bool) -> None:  # noqa: FBT001 - parametrized
    """A dependency whose result nobody takes is refused where it is declared."""
    checked = [Depends(word)]
    router = APIRouter(route_class=DirectRoute, dependencies=checked if of_router else [])

    with pytest.raises(TypeError, match="cannot serve a dependency of a router or decorator"):
        router.get("/", dependencies=[] if of_router else checked)(tell_nothing)


def test_dependencies_of_an_including_router_and_application_are_refused() -> None:
    """A check that somebody puts before all routes is not passed over: the application's schema cannot be made."""
    included, guarded = FastAPI(), FastAPI(dependencies=[Depends(word)])
    included.include_router(a_router(DirectRoute), dependencies=[Depends(word)])
    guarded.include_router(a_router(DirectRoute))

    for app in (included, guarded):
        with pytest.raises(TypeError, match="cannot serve a dependency of a router or decorator"):
            app.openapi()


async def tell_nothing() -> Response:
    """Answer with nothing."""
    return Response()
