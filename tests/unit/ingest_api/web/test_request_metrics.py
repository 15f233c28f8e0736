"""Requests are measured by the template of their route."""

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from common import metrics
from ingest_api.web.request_metrics import add_metrics


async def nothing(_: Request) -> Response:
    """Answer with nothing."""
    return Response()


async def broken(_: Request) -> Response:
    """Answer not at all."""
    raise ZeroDivisionError


@pytest.fixture
def http() -> httpx.AsyncClient:
    """Return a client of an application with a route of each kind."""
    app, router = FastAPI(), APIRouter()
    router.add_api_route("/measured/{name}", nothing)
    router.add_api_route("/measured-broken", broken)
    app.include_router(router)
    app.add_route("/measured-page", nothing)
    add_metrics(app)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def counted(method: str, route: str, status: int) -> float:
    """Return how many requests of the kind were measured."""
    labels = {"method": method, "route": route, "status": str(status)}
    return metrics.API.get_sample_value("icecube_http_request_seconds_count", labels) or 0


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/measured/one", "/measured/{name}", 200),
        ("POST", "/measured/one", "/measured/{name}", 405),
        ("GET", "/measured-page", "/measured-page", 200),
        ("GET", "/measured-broken", "/measured-broken", 500),
        ("GET", "/measured-nowhere", "none", 404),
    ],
)
async def test_a_request_is_counted_by_its_template(
    http: httpx.AsyncClient, method: str, path: str, route: str, status: int
) -> None:
    """No part of a path that a client makes up becomes a label, whatever comes of the request."""
    before = counted(method, route, status)

    answer = await http.request(method, path)

    assert answer.status_code == status
    assert counted(method, route, status) == before + 1


async def test_the_metrics_do_not_count_themselves(http: httpx.AsyncClient) -> None:
    """What machines ask every few seconds is left out, and is in Prometheus' own format."""
    answer = await http.get("/metrics")

    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert "icecube_http_request_seconds" in answer.text
    assert counted("GET", "/metrics", 200) == 0
