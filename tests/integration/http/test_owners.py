"""Images and jobs belong to somebody: another owner's are not there."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from starlette.routing import BaseRoute, Mount, Route

from common.events import JobSucceeded
from common.ids import new_id
from common.settings.groups import ProcessingSettings
from common.settings.model import Settings
from ingest_api.app import create_app
from ingest_api.delivery.results import ResultsHandler
from ingest_api.delivery.reuse import Reuse
from ingest_api.job_store.connecting import open_pool
from ingest_api.job_store.postgres import PostgresJobStore
from ingest_api.life_cycle.messages import Messages
from ingest_api.services import utc_now
from tests.factories import images
from tests.factories.jobs import a_policy, the_variants_of
from tests.integration.http.owners import Belongings, api_with_owners, belongings_of, headers_of, upload
from tests.integration.http.test_images import assert_is_problem, form
from tests.integration.test_results import records_of
from tests.services.api import Api, running_api


@dataclass(frozen=True)
class Request:
    """A request for something of an owner's, or for all that is theirs."""

    path: str
    body: dict[str, Any] | None = None
    lists: bool = False
    """Answered to everybody, each with their own."""
    answers: frozenset[int] = frozenset({200, 201, 204})
    """What those who may see it are answered."""


REQUESTS: dict[tuple[str, str], Callable[[Belongings], Request]] = {
    ("GET", "/api/v1/image/{id}/metadata"): lambda its: Request(f"/api/v1/image/{its.image}/metadata"),
    ("GET", "/image/{id}"): lambda its: Request(f"/image/{its.image}"),
    ("HEAD", "/image/{id}"): lambda its: Request(f"/image/{its.image}"),
    ("POST", "/api/v1/job"): lambda its: Request(
        "/api/v1/job", {"originalID": its.image, "options": [{"format": "png"}]}
    ),
    ("POST", "/api/v1/batches"): lambda its: Request(
        "/api/v1/batches", {"jobs": [{"originalID": its.image, "options": [{"format": "png"}]}]}
    ),
    ("GET", "/api/v1/batches/{id}"): lambda its: Request(f"/api/v1/batches/{its.batch}"),
    ("POST", "/api/v1/batches/{id}/cancel"): lambda its: Request(
        f"/api/v1/batches/{its.batch}/cancel", answers=frozenset({200, 409})
    ),
    ("DELETE", "/api/v1/batches/{id}"): lambda its: Request(f"/api/v1/batches/{its.batch}"),
    ("POST", "/api/v1/images/{id}/url"): lambda its: Request(
        f"/api/v1/images/{its.image}/url", {"expiresInSeconds": 60}
    ),
    ("DELETE", "/api/v1/images/{id}"): lambda its: Request(f"/api/v1/images/{its.image}"),
    ("GET", "/api/v1/images"): lambda _: Request("/api/v1/images", lists=True),
    ("GET", "/api/v1/jobs"): lambda _: Request("/api/v1/jobs", lists=True),
    ("GET", "/api/v1/job/{id}"): lambda its: Request(f"/api/v1/job/{its.job}"),
    ("POST", "/api/v1/jobs/{id}/cancel"): lambda its: Request(
        f"/api/v1/jobs/{its.job}/cancel", answers=frozenset({200, 409})
    ),
    ("POST", "/api/v1/jobs/{id}/retry"): lambda its: Request(f"/api/v1/jobs/{its.job}/retry", answers=frozenset({409})),
}
"""Every route that tells of, or changes, what belongs to somebody: how to ask it for an owner's belongings."""

OF_NOBODY = {
    ("POST", "/api/v1/images"),  # names nothing that is there
    ("GET", "/"),
    ("GET", "/api/v1/health"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
}
"""Routes that tell of nothing that belongs to anybody."""


def routes_in(routes: Iterable[BaseRoute]) -> Iterator[Route]:
    """Yield the routes, those of included routers too; a kind that is not known here must be thought of."""
    for route in routes:
        if isinstance(route, Route):
            yield route
        elif included := getattr(route, "original_router", None):
            yield from routes_in(included.routes)
        else:
            assert isinstance(route, Mount)
            assert route.path == "/static-offline-docs"


def methods_of(route: Route) -> set[tuple[str, str]]:
    """Return the methods of *route* with its path; HEAD beside GET is the same question."""
    methods = set(route.methods or ())
    return {(method, route.path) for method in methods if method != "HEAD" or "GET" not in methods}


def all_routes(settings: Settings) -> set[tuple[str, str]]:
    """Return every route of the application, but for the console's files."""
    routes = {one for route in routes_in(create_app(settings).routes) for one in methods_of(route)}
    return {(method, path) for method, path in routes if not path.startswith("/console/")}


def test_every_route_is_tried(settings: Settings) -> None:
    """A new route must say how it is asked for another owner's belongings, or that it tells of nobody's."""
    assert all_routes(settings) == REQUESTS.keys() | OF_NOBODY


async def ask(api: Api, method: str, request: Request, name: str | None) -> httpx.Response:
    """Send *request* with the key of *name*."""
    headers = headers_of(name) if name else {}
    return await api.http.request(method, request.path, json=request.body, headers=headers)


@pytest.mark.parametrize(("method", "path"), sorted(REQUESTS))
async def test_another_owners_are_not_there(settings: Settings, method: str, path: str) -> None:
    """Each route answers their owner and an admin; to another owner it answers as if they were not there."""
    async with api_with_owners(settings) as api:
        its = await belongings_of(api, "shop")
        nothing = Belongings(str(new_id()), str(new_id()), str(new_id()))
        request, for_nothing = REQUESTS[method, path](its), REQUESTS[method, path](nothing)

        owner, admin, other, missing, nobody = [
            await ask(api, method, wanted, name)
            for wanted, name in (
                (request, "shop"),
                (request, "boss"),
                (request, "press"),
                (for_nothing, "press"),
                (request, None),
            )
        ]

        assert owner.status_code in request.answers
        assert admin.status_code in request.answers
        assert nobody.status_code == 401
        if request.lists:
            assert other.status_code == 200
            assert [one for one in its.ids() if one in owner.text]
            assert not [one for one in its.ids() if one in other.text]
            return
        assert other.status_code == missing.status_code == 404
        assert other.content == missing.content
        # Asked again after its owner: nothing was cached that another owner gets.
        assert (await ask(api, method, request, "press")).status_code == 404


async def test_keys_that_share_an_owner_share_everything(settings: Settings) -> None:
    """A reader's key with the owner of a writer's sees what the writer stored, and the other way round."""
    async with api_with_owners(settings) as api:
        its = await belongings_of(api, "shop")

        for path in (f"/image/{its.image}", f"/api/v1/job/{its.job}"):
            assert (await api.http.get(path, headers=headers_of("shop-site"))).status_code == 200


async def test_an_admins_job_belongs_to_its_originals_owner(settings: Settings) -> None:
    """Whoever asks for it, work on an owner's image is the owner's."""
    async with api_with_owners(settings) as api:
        image = await upload(api, "shop")
        asked = {"originalID": image, "options": [{}]}
        job = (await api.http.post("/api/v1/job", json=asked, headers=headers_of("boss"))).json()["id"]

        assert (await api.http.get(f"/api/v1/job/{job}", headers=headers_of("shop"))).status_code == 200
        assert (await api.http.get(f"/api/v1/job/{job}", headers=headers_of("press"))).status_code == 404


async def fetch(settings: Settings, sql: str, *arguments: object) -> Any:
    """Return the first column of the first row."""
    connection = await asyncpg.connect(settings.database.dsn)
    try:
        return await connection.fetchval(sql, *arguments)
    finally:
        await connection.close()


INSERT_VARIANT = """
    INSERT INTO images (id, original_id, original_name, format, width, height, byte_size, created_at)
    VALUES ($1, $2, 'photo', 'png', 1, 1, 1, now())"""
INSERT_JOB = """
    INSERT INTO jobs (id, original_id, state, tasks, attempt, starts, created_at)
    VALUES ($1, $2, 'pending', '[]', 1, 0, now())"""


async def test_what_the_release_before_writes_gets_its_originals_owner(settings: Settings) -> None:
    """During an upgrade an older API stores variants and jobs without an owner: they are not lost to theirs."""
    async with api_with_owners(settings) as api:
        image, variant, job = await upload(api, "shop"), new_id(), new_id()
        await fetch(settings, INSERT_VARIANT, variant, image)
        await fetch(settings, INSERT_JOB, job, image)

        for path in (f"/api/v1/image/{variant}/metadata", f"/api/v1/job/{job}"):
            assert (await api.http.get(path, headers=headers_of("shop"))).status_code == 200
            assert (await api.http.get(path, headers=headers_of("press"))).status_code == 404


async def test_rows_without_an_owner_are_an_admins(settings: Settings) -> None:
    """What an older release took in belongs to nobody: admin keys see it, and everybody where there are no keys."""
    async with api_with_owners(settings) as api:
        its = await belongings_of(api, "shop")
    for table in ("images", "jobs"):
        await fetch(settings, f"UPDATE {table} SET owner = NULL")  # noqa: S608 - the test's own word
    paths = (f"/image/{its.image}", f"/api/v1/job/{its.job}")

    async with api_with_owners(settings) as api:
        seen = {
            name: [(await api.http.get(path, headers=headers_of(name))).status_code for path in paths]
            for name in ("shop", "press", "boss")
        }
    async with running_api(settings) as api:
        seen["anybody"] = [(await api.http.get(path)).status_code for path in paths]

    assert seen == {"shop": [404, 404], "press": [404, 404], "boss": [200, 200], "anybody": [200, 200]}


async def finish(settings: Settings, job: str) -> None:
    """Report *job* as a processor would, its variants made."""
    async with open_pool(settings.database.dsn, max_connections=1) as pool:
        jobs = PostgresJobStore(pool)
        record = await jobs.find_job(UUID(job))
        assert record
        made = [
            variant.model_copy(update={"format": "png", "width": 33, "height": 24})
            for variant in the_variants_of(record.tasks)
        ]
        success = JobSucceeded(job_id=record.job.id, attempt=1, variants=tuple(made), engine="an-engine")
        handler = ResultsHandler(jobs, Messages(settings.kafka), a_policy(), utc_now)
        if settings.processing.reuse_across_owners:
            handler = replace(handler, reuse=Reuse.ANYBODYS)
        await handler.handle(records_of(success))


async def test_variants_belong_to_their_originals_owner(settings: Settings) -> None:
    """What a processor made for an owner is that owner's."""
    async with api_with_owners(settings) as api:
        its = await belongings_of(api, "shop")
        await finish(settings, its.job)
        job = (await api.http.get(f"/api/v1/job/{its.job}", headers=headers_of("shop"))).json()
        path = f"/api/v1/image/{job['tasks'][0]['variantID']}/metadata"

        answers = [(await api.http.get(path, headers=headers_of(name))).status_code for name in ("shop", "press")]

        assert answers == [200, 404]


async def test_without_keys_everything_is_anybodys(settings: Settings) -> None:
    """Rows say so; when keys come, a key with that owner takes them over."""
    async with running_api(settings) as api:
        image = (await api.http.post("/api/v1/images", files=form(images.photo()))).json()[0]["id"]
        await api.http.post("/api/v1/job", json={"originalID": image, "options": [{}]})

    assert await fetch(settings, "SELECT owner FROM images") == "anybody"
    assert await fetch(settings, "SELECT owner FROM jobs") == "anybody"


async def test_idempotency_keys_are_an_owners(settings: Settings) -> None:
    """Keys of one owner find each other's answer; another owner's same Idempotency-Key is another request."""
    async with api_with_owners(settings) as api:
        its = await belongings_of(api, "shop")
        again = {"Idempotency-Key": "again"}
        asked = {"originalID": its.image, "options": [{}]}

        first, same = [
            await api.http.post("/api/v1/job", json=asked, headers=headers_of("shop", **again)) for _ in range(2)
        ]
        other = await api.http.post("/api/v1/job", json=asked, headers=headers_of("press", **again))

        assert first.json()["id"] == same.json()["id"]
        assert_is_problem(other, 404, "image_not_found")


async def test_a_share_of_requests_is_an_owners(settings: Settings) -> None:
    """Another key of the same owner does not get a share of its own."""
    async with api_with_owners(settings, requests_per_minute=2) as api:
        answers = [
            (await api.http.get(f"/image/{new_id()}", headers=headers_of(name))).status_code
            for name in ("shop", "shop-site", "shop", "press")
        ]

        assert answers == [404, 404, 429, 404]


@pytest.mark.parametrize("across", [False, True], ids=["own", "across owners"])
async def test_work_is_reused_within_an_owner(settings: Settings, *, across: bool) -> None:
    """What another owner had made is not offered, unless configured: it would tell that somebody has this picture."""
    processing = ProcessingSettings(reuse_across_owners=across)
    async with api_with_owners(settings.model_copy(update={"processing": processing})) as api:
        picture = images.photo(width=33)
        offered = []
        for name in ("shop", "press"):
            image = await upload(api, name, content=picture)
            body = {"originalID": image, "options": [{"format": "png"}]}
            job = (await api.http.post("/api/v1/job", json=body, headers=headers_of(name))).json()["id"]
            offered.append(await fetch(settings, "SELECT tasks->0->'reusable' FROM jobs WHERE id = $1", job))
            if name == "shop":
                await finish(api.settings, job)

        assert offered[0] is None
        assert (offered[1] is not None) is across
