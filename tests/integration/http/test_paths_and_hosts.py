"""What holds for every path: HEAD, `Allow`, redirects; and who may ask: hosts, and pages of other sites."""

import json

import asyncpg
import httpx
import pytest

from common.settings.access import AccessSettings
from common.settings.model import Settings
from ingest_api.access.keys import hash_key
from tests.factories import images
from tests.integration.http.test_images import assert_is_problem, form
from tests.integration.http.test_jobs import uploaded
from tests.services.api import Api, running_api

PAGES = ["/", "/console/console.js", "/docs", "/openapi.json", "/metrics"]
HEALTH = ["/api/v1/health", "/livez", "/readyz"]


def with_server(settings: Settings, **changed: object) -> Settings:
    """Return *settings* with another server section; it is served on a loopback port all the same."""
    return settings.model_copy(update={"server": settings.server.model_copy(update=changed)})


@pytest.mark.parametrize("path", [*PAGES, *HEALTH])
async def test_head_is_answered_as_get(api: Api, path: str) -> None:
    """The same status and type, and no body."""
    got, head = await api.http.get(path), await api.http.head(path)

    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


async def test_head_is_answered_for_what_is_read(api: Api) -> None:
    """Images, their descriptions and jobs; what is not there is 404 and what is written is 405."""
    original = await uploaded(api)
    made = await api.http.post("/api/v1/job", json={"originalID": original, "options": [{}]})
    job = made.json()["id"]

    for path in (f"/image/{original}", f"/api/v1/image/{original}/metadata", f"/api/v1/job/{job}"):
        got, head = await api.http.get(path), await api.http.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == got.headers["content-length"]
    assert (await api.http.head("/api/v1/job/x")).status_code == 404
    assert (await api.http.head("/api/v1/job")).status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/health", "GET, HEAD"),
        ("POST", "/livez", "GET, HEAD"),
        ("PUT", "/image/x", "GET, HEAD"),
        ("POST", "/api/v1/job/x", "GET, HEAD"),
        ("GET", "/api/v1/job", "POST"),
        ("PUT", "/api/v1/images", "GET, HEAD, POST"),
        ("PATCH", "/", "GET, HEAD"),
        ("POST", "/static-offline-docs/swagger-ui.css", "GET, HEAD"),
    ],
)
async def test_allow_names_every_method(api: Api, method: str, path: str, allowed: str) -> None:
    """405 with all that the path takes."""
    response = await api.http.request(method, path)

    assert (response.status_code, response.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    ("path", "location"),
    [("/api/v1/health/", "/api/v1/health"), ("/livez/?a=b%20c", "/livez?a=b%20c"), ("/image/a%0Ab/", "/image/a%0Ab")],
)
async def test_a_redirect_names_no_host(settings: Settings, path: str, location: str) -> None:
    """Whatever host the caller named, a redirect stays on the one they have reached."""
    async with running_api(with_server(settings, host="0.0.0.0")) as api:  # noqa: S104 - it is served on loopback
        response = await api.http.get(path, headers={"host": "evil.example"})

        assert (response.status_code, response.headers["location"]) == (307, location)


async def written(api: Api, **headers: str) -> httpx.Response:
    """Return the answer to an upload with these headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.http.post("/api/v1/images", files=form(images.photo()), headers=named)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "0.0.0.0", "localhost@evil", ""],  # noqa: S104
)
async def test_on_loopback_a_host_must_be_a_name_of_this_machine(api: Api, host: str) -> None:
    """A name that leads here today may have led elsewhere when a page was loaded: 421, for reading too."""
    for path in ("/", "/image/x", "/livez", "/metrics", "/nothing"):
        assert_is_problem(await api.http.get(path, headers={"host": host}), 421, "host_not_allowed")
    assert_is_problem(await written(api, host=host), 421, "host_not_allowed")
    assert await api.holds_nothing()


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:99", "127.0.0.1:3331", "127.8.8.8", "[::1]:3331", "a.localhost"]
)
async def test_on_loopback_names_of_this_machine_are_served(api: Api, host: str) -> None:
    """By name or address, with any port."""
    assert (await written(api, host=host)).status_code == 201


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "file://", "x"])
async def test_on_loopback_a_page_elsewhere_may_not_write(api: Api, origin: str) -> None:
    """403 for a cross-site Origin, and nothing is stored."""
    assert_is_problem(await written(api, origin=origin), 403, "cross_site")
    assert_is_problem(await written(api, sec_fetch_site="cross-site"), 403, "cross_site")
    assert await api.holds_nothing()
    assert (await api.http.get("/livez", headers={"origin": origin})).status_code == 200


@pytest.mark.parametrize("origin", ["http://localhost:3331", "http://127.0.0.1:3331", "http://[::1]"])
async def test_on_loopback_our_own_pages_may_write(api: Api, origin: str) -> None:
    """The console is one."""
    assert (await written(api, origin=origin, sec_fetch_site="same-origin")).status_code == 201


async def test_with_keys_every_host_is_served(settings: Settings) -> None:
    """A page elsewhere has no key."""
    access = AccessSettings.model_validate({"api_keys": f"app:write:{hash_key('key')}"})
    async with running_api(settings.model_copy(update={"access": access})) as api:
        response = await written(api, host="images.example", origin="https://app.example", x_api_key="key")

        assert response.status_code == 201


async def test_elsewhere_every_host_is_served_unless_named(settings: Settings) -> None:
    """Service names and proxies work; with ICECUBE_SERVER_ALLOWED_HOSTS those named do, and health by any address."""
    async with running_api(with_server(settings, host="0.0.0.0")) as api:  # noqa: S104 - it is served on loopback
        assert (await written(api, host="icecube-api", origin="https://app.example")).status_code == 201
    hosts = ("images.example", "*.internal")
    async with running_api(with_server(settings, host="0.0.0.0", allowed_hosts=hosts)) as api:  # noqa: S104
        assert (await written(api, host="Images.example:443")).status_code == 201
        assert (await written(api, host="a.internal")).status_code == 201
        assert_is_problem(await written(api, host="internal"), 421, "host_not_allowed")
        assert_is_problem(await written(api, host="evil.example"), 421, "host_not_allowed")
        assert (await api.http.get("/livez", headers={"host": "10.1.2.3:3331"})).status_code == 200


async def test_on_loopback_more_hosts_can_be_named(settings: Settings) -> None:
    """For a proxy on this machine; its pages may write, and others may not."""
    async with running_api(with_server(settings, allowed_hosts=("images.example",))) as api:
        assert (await written(api, host="images.example", origin="https://images.example")).status_code == 201
        assert (await written(api, host="localhost")).status_code == 201
        assert_is_problem(await written(api, host="images.example", origin="https://evil.example"), 403, "cross_site")


async def test_what_is_the_callers_own_stays_off_our_topics(api: Api) -> None:
    """The trace goes on; `tracestate` and `baggage` do not, nor do they come back."""
    original = await uploaded(api)
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-b7ad6b7169203331-01", "tracestate": "vendor=secret", "baggage": "user=jane"}

    body = {"originalID": original, "options": [{}]}
    response = await api.http.post("/api/v1/job", json=body, headers=headers)

    connection = await asyncpg.connect(api.settings.database.dsn)
    stored = json.loads(await connection.fetchval("SELECT headers FROM outbox"))
    await connection.close()
    assert stored["traceparent"].split("-")[1] == trace
    assert not {"tracestate", "baggage"} & (stored.keys() | response.headers.keys())
