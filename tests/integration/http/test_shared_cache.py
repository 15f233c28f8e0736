"""A shared cache between the API and its callers gives nobody what is another's."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from common.settings.model import Settings
from tests.factories import images
from tests.integration.http.owners import api_with_owners, belongings_of, headers_of, upload
from tests.integration.http.test_images import form
from tests.services.api import Api, running_api
from tests.services.caching_proxy import caching_proxy, needs_nginx

pytestmark = needs_nginx


@asynccontextmanager
async def guarded_behind_a_cache(settings: Settings, folder: Path) -> AsyncIterator[tuple[Api, httpx.AsyncClient]]:
    """Yield an API with owners, and a client of the cache before it."""
    async with api_with_owners(settings) as api, caching_proxy(str(api.http.base_url), folder) as cache:
        yield api, cache


async def statuses(cache: httpx.AsyncClient, path: str, *askers: Mapping[str, str]) -> list[int]:
    """Return what each of *askers* is answered, one after the other."""
    return [(await cache.get(path, headers=headers)).status_code for headers in askers]


async def test_no_caller_gets_what_another_was_answered(settings: Settings, tmp_path: Path) -> None:
    """Whoever asks first, an owner and strangers: each gets their own answer, never one that was kept."""
    async with guarded_behind_a_cache(settings, tmp_path) as (api, cache):
        its = await belongings_of(api, "shop")
        shop, press, nobody = headers_of("shop"), headers_of("press"), dict[str, str]()
        bearer = {"Authorization": f"Bearer {shop['X-API-Key']}"}
        for path in (
            f"/image/{its.image}",
            f"/api/v1/image/{its.image}/metadata",
            f"/api/v1/job/{its.job}",
        ):
            assert await statuses(cache, path, shop, press, nobody, bearer, shop) == [200, 404, 401, 200, 200], path
        other = await belongings_of(api, "shop")

        assert await statuses(cache, f"/image/{other.image}", press, nobody, shop) == [404, 401, 200]


async def test_a_signed_url_is_kept_to_its_end_and_no_longer(settings: Settings, tmp_path: Path) -> None:
    """The second download comes from the cache; a changed URL does not; after its time neither lets in."""
    async with guarded_behind_a_cache(settings, tmp_path) as (api, cache):
        image = await upload(api, "shop")
        path = f"/api/v1/images/{image}/url"
        signed = (await api.http.post(path, json={"expiresInSeconds": 8}, headers=headers_of("shop"))).json()["url"]

        first, second = [await cache.get(signed) for _ in range(2)]
        forged = await cache.get(signed[:-4] + "AAAA")
        longer = await cache.get(signed.replace("expires=", "expires=9"))
        plain = await cache.get(f"/image/{image}")

        assert [first.status_code, second.status_code] == [200, 200]
        assert [first.headers["x-cache"], second.headers["x-cache"]] == ["MISS", "HIT"]
        assert first.content == second.content
        assert [forged.status_code, longer.status_code, plain.status_code] == [403, 403, 401]
        async with asyncio.timeout(60):
            while (late := await cache.get(signed)).status_code == 200:
                await asyncio.sleep(0.1)
        assert late.json()["code"] == "url_expired"


async def test_what_anybody_may_read_is_kept(settings: Settings, tmp_path: Path) -> None:
    """Without keys a shared cache takes the load off; errors and jobs are asked for anew."""
    async with running_api(settings) as api, caching_proxy(str(api.http.base_url), tmp_path) as cache:
        image = (await api.http.post("/api/v1/images", files=form(images.photo()))).json()[0]["id"]
        job = await api.http.post("/api/v1/job", json={"originalID": image, "options": [{}]})

        found = [(await cache.get(f"/image/{image}")).headers["x-cache"] for _ in range(2)]
        missing = [(await cache.get("/image/none")).headers["x-cache"] for _ in range(2)]
        jobs = [(await cache.get(f"/api/v1/job/{job.json()['id']}")).headers["x-cache"] for _ in range(2)]

        assert (found, missing, jobs) == (["MISS", "HIT"], ["MISS", "MISS"], ["MISS", "MISS"])
