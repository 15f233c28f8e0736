"""What holds for every route."""

import asyncio
import json
import re
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from common.settings.groups import DeliverySettings
from common.settings.model import Settings
from tests.factories import images
from tests.integration.http.test_images import assert_is_problem
from tests.integration.http.test_jobs import uploaded
from tests.services.api import Api, running_api


async def test_health(api: Api) -> None:
    """GET /api/v1/health answers the promised message."""
    response = await api.http.get("/api/v1/health")

    assert (response.status_code, response.json()) == (200, {"message": "Service is healthy"})


async def test_readiness_names_each_dependency(api: Api) -> None:
    """Kafka may be away: jobs are accepted all the same, and the answer says so."""
    async with asyncio.timeout(60):
        while "unknown" in (await api.http.get("/readyz")).json()["dependencies"].values():
            await asyncio.sleep(0.05)

    response = await api.http.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "dependencies": {"database": "ok", "storage": "ok", "kafka": "unavailable"},
    }


async def test_readiness_tells_of_a_stuck_outbox(settings: Settings) -> None:
    """A job that waits for Kafka longer than the limit is seen by whoever looks, with 200: requests are served."""
    delivery = DeliverySettings(stuck_seconds=0.1)
    async with running_api(settings.model_copy(update={"delivery": delivery})) as api, asyncio.timeout(60):
        image = await uploaded(api)
        (await api.http.post("/api/v1/job", json={"originalID": image, "options": [{}]})).raise_for_status()
        while (response := await api.http.get("/readyz")).json()["status"] != "degraded":
            await asyncio.sleep(0.05)

    assert response.status_code == 200
    assert response.json()["outbox"].startswith("stuck: events have been due for ")


async def test_liveness(api: Api) -> None:
    """GET /livez answers as long as the process does."""
    assert (await api.http.get("/livez")).status_code == 200


async def test_an_unknown_path_is_a_problem(api: Api) -> None:
    """404 in our own words."""
    assert_is_problem(await api.http.get("/nothing/here"), 404, "not_found")


async def test_a_wrong_method_is_a_problem(api: Api) -> None:
    """405 in our own words, with the methods that are allowed."""
    response = await api.http.delete("/api/v1/health")

    assert_is_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD"


async def test_a_request_id_is_kept_or_given(api: Api) -> None:
    """X-Request-ID comes back; one that is absent or unusable is replaced."""
    kept = await api.http.get("/livez", headers={"x-request-id": "abc-123"})
    given = await api.http.get("/livez")
    replaced = await api.http.get("/livez", headers={"x-request-id": "a b\tc"})

    assert kept.headers["x-request-id"] == "abc-123"
    assert given.headers["x-request-id"]
    assert replaced.headers["x-request-id"] not in {"a b\tc", given.headers["x-request-id"]}


async def test_requests_sent_ahead_are_requests_of_their_own(api: Api) -> None:
    """Of two requests sent together on one connection, the second is not taken for a part of the first."""
    reader, writer = await asyncio.open_connection(api.http.base_url.host, api.http.base_url.port)

    writer.write(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
    writer.write_eof()
    answers = await reader.read()

    writer.close()
    traces = re.findall(rb"traceparent: 00-([0-9a-f]{32})", answers)
    assert len(set(traces)) == len(traces) == 2


async def test_a_job_goes_on_with_the_trace_that_its_request_was_told(api: Api) -> None:
    """Without a tracer anywhere, the trace of the answer is the one that the job's event carries."""
    upload = await api.http.post("/api/v1/images", files={"file": images.photo()})

    answer = await api.http.post(
        "/api/v1/job", json={"originalID": upload.json()[0]["id"], "options": [{"format": "png"}]}
    )

    connection = await asyncpg.connect(api.settings.database.dsn)
    headers = json.loads(await connection.fetchval("SELECT headers FROM outbox"))
    await connection.close()
    assert headers["traceparent"].split("-")[1] == answer.headers["traceparent"].split("-")[1]


async def test_the_documentation_page_loads_nothing_from_elsewhere(api: Api) -> None:
    """The docs page works on a machine without a network, but for the service."""
    page = (await api.http.get("/docs")).text

    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert [path for path in loaded if path.startswith("/static-offline-docs/swagger-ui")]
    assert {(await api.http.get(path)).status_code for path in loaded} == {200}
    assert "https://" not in page


async def test_the_documentation_page_has_the_consoles_security_headers(api: Api) -> None:
    """No inline script, no other host, no frame around it; the same beside the policy."""
    console, docs = await api.http.get("/"), await api.http.get("/docs")

    policy = docs.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'"):
        assert rule in policy
        assert rule in console.headers["content-security-policy"]
    assert re.findall(r"<script(?![^>]*src)", docs.text) == []
    for name in ("x-content-type-options", "referrer-policy", "cache-control"):
        assert docs.headers[name] == console.headers[name]


async def test_every_operation_is_documented(api: Api) -> None:
    """Each operation has an id, a summary, a success and its errors as problems."""
    paths = (await api.http.get("/openapi.json")).json()["paths"]
    operations = {operation["operationId"]: operation for methods in paths.values() for operation in methods.values()}

    assert operations.keys() == {
        "uploadImages",
        "getImageMetadata",
        "getImage",
        "signImageUrl",
        "listImages",
        "listJobs",
        "createJob",
        "deleteImage",
        "createBatch",
        "getBatch",
        "cancelBatch",
        "deleteBatch",
        "getJob",
        "cancelJob",
        "retryJob",
        "getHealth",
        "getLiveness",
        "getReadiness",
    }
    for name, operation in operations.items():
        assert operation["summary"]
        for status, answer in operation["responses"].items():
            assert answer["description"]
            if int(status) >= 400 and name != "getReadiness":
                assert "application/problem+json" in answer["content"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/image/{id}"), ("GET", "/api/v1/job/{id}"), ("POST", "/api/v1/job")]
)
async def test_a_database_that_goes_away_is_answered_503(settings: Settings, method: str, path: str) -> None:
    """While the database is away a request is turned away with Retry-After, in our own words."""
    async with running_api(settings) as api:
        await close_database(settings)
        some_id = "0199f3a0-8c1e-7d2a-b7a4-6c3f6a1d2e10"
        body = {"originalID": some_id, "options": [{}]} if method == "POST" else None

        response = await api.http.request(method, path.format(id=some_id), json=body)

        assert_is_problem(response, 503, "database_unavailable")
        assert int(response.headers["retry-after"]) > 0


async def close_database(settings: Settings) -> None:
    """Cut every connection to the database and let nobody in again."""
    parts = urlsplit(settings.database.dsn)
    name = parts.path.lstrip("/")
    connection = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")))
    try:
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
    finally:
        await connection.close()
