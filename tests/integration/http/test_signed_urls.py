"""URLs that open an image without a key, what caches are told, and pages of other origins."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from common.ids import new_id
from common.settings.access import AccessSettings
from common.settings.groups import ServerSettings
from common.settings.model import Settings
from ingest_api.domain.image_urls import ImageUrls
from tests.factories import images
from tests.integration.http.owners import SIGNING_KEYS, api_with_owners, headers_of, upload
from tests.integration.http.test_images import assert_is_problem, form
from tests.services.api import Api, running_api

URLS = ImageUrls(tuple(key.encode() for key in SIGNING_KEYS.split(",")))


def in_a_minute() -> datetime:
    """Return when a URL of the tests ends."""
    return datetime.now(UTC) + timedelta(minutes=1)


async def test_a_signed_url_needs_no_key(settings: Settings) -> None:
    """GET, HEAD and ranges, until it ends; it is for the bytes alone."""
    async with api_with_owners(settings) as api:
        image = await upload(api, "shop")
        asked = {"expiresInSeconds": 60}
        answer = await api.http.post(f"/api/v1/images/{image}/url", json=asked, headers=headers_of("shop-site"))
        url, expires_at = answer.json()["url"], datetime.fromisoformat(answer.json()["expiresAt"])

        whole, head, part = (
            await api.http.get(url),
            await api.http.head(url),
            await api.http.get(url, headers={"Range": "bytes=0-9"}),
        )
        described = await api.http.get(f"/api/v1/image/{image}/metadata?{urlsplit(url).query}")

        assert answer.status_code == 200
        assert timedelta(seconds=58) < expires_at - datetime.now(UTC) <= timedelta(seconds=60)
        assert (whole.status_code, head.status_code, part.status_code) == (200, 200, 206)
        assert whole.content[:10] == part.content
        assert described.status_code == 401


async def test_a_url_may_have_an_image_saved(settings: Settings) -> None:
    """With `download` browsers save it under its name; without, they show it."""
    async with api_with_owners(settings) as api:
        image = await upload(api, "shop")
        dispositions = []
        for asked in ({"expiresInSeconds": 60}, {"expiresInSeconds": 60, "download": True}):
            answer = await api.http.post(f"/api/v1/images/{image}/url", json=asked, headers=headers_of("shop"))
            dispositions.append((await api.http.get(answer.json()["url"])).headers["content-disposition"])

        assert [text.partition(";")[0] for text in dispositions] == ["inline", "attachment"]


async def test_a_url_that_is_not_valid_is_a_problem(settings: Settings) -> None:
    """403 with a code for each reason, also with a good key beside it; a missing image is 404."""
    async with api_with_owners(settings) as api:
        image = UUID(await upload(api, "shop"))
        good = URLS.signed(image, expires_at=in_a_minute())
        past = URLS.signed(image, expires_at=datetime.now(UTC) - timedelta(seconds=2))
        missing = URLS.signed(new_id(), expires_at=in_a_minute())

        assert_is_problem(await api.http.get(good[:-3]), 403, "url_signature_invalid")
        assert_is_problem(await api.http.get(good[:-3], headers=headers_of("shop")), 403, "url_signature_invalid")
        assert_is_problem(await api.http.get(past), 403, "url_expired")
        assert_is_problem(await api.http.get(missing), 404, "image_not_found")
        assert (await api.http.get(good)).status_code == 200


async def test_every_signing_key_is_believed(settings: Settings) -> None:
    """What an old key has signed goes on while it is configured."""
    async with api_with_owners(settings) as api:
        image = UUID(await upload(api, "shop"))
        codes = [
            (await api.http.get(ImageUrls((key,)).signed(image, expires_at=in_a_minute()))).status_code
            for key in (*URLS.keys, b"a-key-that-nobody-has-configured")
        ]

        assert codes == [200, 200, 403]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"expiresInSeconds": 0},
        {"expiresInSeconds": 31_536_001},
        {"download": True},
        {"expiresInSeconds": "60"},
        {"expiresInSeconds": True},
        {"expiresInSeconds": 1.5},
    ],
)
async def test_a_url_ends(settings: Settings, asked: dict[str, object]) -> None:
    """For how long must be said, a year at most."""
    async with api_with_owners(settings) as api:
        path = f"/api/v1/images/{await upload(api, 'shop')}/url"
        answer = await api.http.post(path, json=asked, headers=headers_of("shop"))

        assert "expiresInSeconds" in assert_is_problem(answer, 400, "invalid_request")


async def test_a_url_lasts_a_whole_number_of_seconds_in_any_notation(settings: Settings) -> None:
    """6e1 is 60, as in a job's options; whether browsers save it is true or false, and no text."""
    async with api_with_owners(settings) as api:
        path = f"/api/v1/images/{await upload(api, 'shop')}/url"
        headers = headers_of("shop") | {"Content-Type": "application/json"}

        answer = await api.http.post(path, content='{"expiresInSeconds": 6e1}', headers=headers)
        refused = await api.http.post(path, content='{"expiresInSeconds": 60, "download": "yes"}', headers=headers)

        assert answer.status_code == 200
        assert assert_is_problem(refused, 400, "invalid_request").startswith("download: ")


async def test_without_signing_keys_nothing_is_signed(settings: Settings) -> None:
    """Asking for a signed URL is a conflict that names the setting; bodies hold paths; a signature opens nothing."""
    async with api_with_owners(settings, url_signing_keys="") as api:
        image = await upload(api, "shop")
        refused = await api.http.post(
            f"/api/v1/images/{image}/url", json={"expiresInSeconds": 60}, headers=headers_of("shop")
        )
        body = (await api.http.get(f"/api/v1/image/{image}/metadata", headers=headers_of("shop"))).json()

        assert "ICECUBE_URL_SIGNING_KEYS" in assert_is_problem(refused, 409, "url_signing_not_configured")
        assert body["url"] == f"/image/{image}"
        assert (await api.http.get(URLS.signed(UUID(image), expires_at=in_a_minute()))).status_code == 401


async def test_bodies_carry_urls_that_open(settings: Settings) -> None:
    """The answer to an upload and a description carry a signed URL, with the address clients use."""
    server = ServerSettings.model_validate({"public_url": "https://images.example/pictures/"})
    async with api_with_owners(settings.model_copy(update={"server": server})) as api:
        uploaded = (
            await api.http.post("/api/v1/images", files=form(images.photo()), headers=headers_of("shop"))
        ).json()
        path = f"/api/v1/image/{uploaded[0]['id']}/metadata"
        described = (await api.http.get(path, headers=headers_of("shop"))).json()

        for body in (uploaded[0], described):
            assert body["url"].startswith(f"https://images.example/pictures/image/{body['id']}?expires=")
            assert (await api.http.get(body["url"].removeprefix("https://images.example/pictures"))).status_code == 200


async def cache_control(api: Api, path: str, headers: dict[str, str] | None = None) -> str:
    """Return what caches are told of an answer."""
    return str((await api.http.get(path, headers=headers)).headers["cache-control"])


async def test_caches_are_told_who_may_keep_what(settings: Settings) -> None:
    """Private with a key, to its end with a signed URL, and nothing else is kept; 304 says the same as 200."""
    async with api_with_owners(settings) as api:
        image = await upload(api, "shop")
        signed = URLS.signed(UUID(image), expires_at=in_a_minute())
        with_key = await api.http.get(f"/image/{image}", headers=headers_of("shop"))
        fresh = {"If-None-Match": with_key.headers["etag"]}
        unchanged = await api.http.get(f"/image/{image}", headers=headers_of("shop", **fresh))

        assert with_key.headers["cache-control"] == "private, max-age=3600"
        assert with_key.headers["vary"] == "Authorization, X-API-Key"
        assert unchanged.status_code == 304
        assert unchanged.headers["cache-control"] == "private, max-age=3600"
        scope, _, seconds = (await cache_control(api, signed)).partition(", max-age=")
        assert scope == "public"
        assert 50 < int(seconds) <= 60
        for path in (f"/api/v1/image/{image}/metadata", f"/image/{new_id()}", "/nowhere"):
            assert await cache_control(api, path, headers_of("shop")) == "no-store", path


async def test_without_keys_an_image_is_kept_by_everybody(api: Api) -> None:
    """Its bytes never change; errors are not kept."""
    image = (await api.http.post("/api/v1/images", files=form(images.photo()))).json()[0]["id"]

    assert await cache_control(api, f"/image/{image}") == "public, max-age=31536000, immutable"
    assert await cache_control(api, f"/image/{new_id()}") == "no-store"


ORIGIN = "https://shop.example"


async def test_pages_of_configured_origins_may_ask(settings: Settings) -> None:
    """A preflight needs no key; answers, errors too, say which page may read them and what of them."""
    async with api_with_owners(settings, cors_origins=ORIGIN) as api:
        wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
        asks = {"Origin": ORIGIN, **wanted}
        preflight = await api.http.options("/api/v1/job", headers=asks)
        stranger = await api.http.options("/api/v1/job", headers=asks | {"Origin": "https://evil.example"})
        answer = await api.http.get(f"/image/{new_id()}", headers=headers_of("shop", Origin=ORIGIN))
        unmarked = await api.http.get(f"/image/{new_id()}", headers=headers_of("shop"))

        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == ORIGIN
        assert int(preflight.headers["access-control-max-age"]) > 0
        assert "access-control-allow-origin" not in stranger.headers
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert {"ETag", "Location", "Retry-After", "RateLimit-Remaining", "X-Request-ID"} <= set(
            answer.headers["access-control-expose-headers"].split(", ")
        )
        assert "access-control-allow-credentials" not in answer.headers
        assert "Origin" in unmarked.headers["vary"]


async def test_a_page_that_is_let_in_may_write_without_keys(settings: Settings) -> None:
    """On this machine alone, pages elsewhere are kept from writing; those of configured origins are not."""
    access = AccessSettings.model_validate({"cors_origins": ORIGIN})
    async with running_api(settings.model_copy(update={"access": access})) as api:
        codes = [
            (await api.http.post("/api/v1/images", files=form(images.photo()), headers=sent)).status_code
            for origin in (ORIGIN, "https://evil.example")
            if (sent := {"Origin": origin, "Sec-Fetch-Site": "cross-site"})
        ]

        assert codes == [201, 403]


async def test_by_default_no_other_origin_may_ask(api: Api) -> None:
    """Nothing speaks of origins."""
    answer = await api.http.get("/api/v1/health", headers={"Origin": ORIGIN})

    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_every_page_may_be_let_in(settings: Settings) -> None:
    """`*` is for what anybody may read."""
    access = AccessSettings.model_validate({"cors_origins": "*"})
    async with running_api(settings.model_copy(update={"access": access})) as api:
        answer = await api.http.get("/api/v1/health", headers={"Origin": ORIGIN})

        assert answer.headers["access-control-allow-origin"] == "*"
