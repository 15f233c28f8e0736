"""API keys, their scopes and their shares."""

import re

import pytest

from common.settings.access import AccessSettings
from common.settings.model import Settings
from ingest_api.access.keys import hash_key
from tests.factories import images
from tests.integration.http.test_images import assert_is_problem, form
from tests.services.api import running_api

KEYS = {"reader": "r-key", "writer": "w-key", "admin": "a-key"}
ENTRIES = ",".join(
    f"{name}:{scope}:{hash_key(KEYS[name])}"
    for name, scope in (("reader", "read"), ("writer", "write"), ("admin", "admin"))
)
SOME_ID = "0199f3a0-8c1e-7d2a-b7a4-6c3f6a1d2e10"


def guarded(settings: Settings, **changes: object) -> Settings:
    """Return *settings* with the three keys."""
    access = AccessSettings.model_validate({"api_keys": ENTRIES, **changes})
    return settings.model_copy(update={"access": access})


async def test_a_key_opens_what_its_scope_allows(settings: Settings) -> None:
    """Reading takes any key, writing a writer's: 401 without one, 403 with too little."""
    async with running_api(guarded(settings)) as api:
        for name, read, write in ((None, 401, 401), ("reader", 404, 403), ("writer", 404, 201), ("admin", 404, 201)):
            headers = {"Authorization": f"Bearer {KEYS[name]}"} if name else {}

            reading = await api.http.get(f"/api/v1/job/{SOME_ID}", headers=headers)
            writing = await api.http.post("/api/v1/images", files=form(images.photo()), headers=headers)

            assert (reading.status_code, writing.status_code) == (read, write), name


async def test_a_wrong_key_is_a_problem(settings: Settings) -> None:
    """401 says what is needed, and how to send it; nothing is stored."""
    async with running_api(guarded(settings)) as api:
        without = await api.http.post("/api/v1/images", files=form(images.photo()))
        wrong = await api.http.get(f"/image/{SOME_ID}", headers={"X-API-Key": "guess"})

        assert "X-API-Key" in assert_is_problem(without, 401, "unauthenticated")
        assert without.headers["www-authenticate"] == "Bearer"
        assert "guess" not in assert_is_problem(wrong, 401, "unauthenticated")
        assert await api.holds_nothing()


async def test_too_little_scope_is_a_problem(settings: Settings) -> None:
    """403 names the scope it takes."""
    async with running_api(guarded(settings)) as api:
        response = await api.http.post(
            "/api/v1/job", json={"originalID": SOME_ID, "options": [{}]}, headers={"X-API-Key": KEYS["reader"]}
        )

        assert "write" in assert_is_problem(response, 403, "forbidden")


@pytest.mark.parametrize("path", ["/api/v1/health", "/livez", "/readyz"])
async def test_probes_need_no_key(settings: Settings, path: str) -> None:
    """Whoever supervises the service has no key."""
    async with running_api(guarded(settings)) as api:
        assert (await api.http.get(path)).status_code in {200, 503}


async def test_a_share_that_is_used_up_is_a_problem(settings: Settings) -> None:
    """429 says when to come back; another key's share is untouched."""
    async with running_api(guarded(settings, requests_per_minute=3)) as api:
        reader, admin = ({"X-API-Key": KEYS[name]} for name in ("reader", "admin"))
        answers = [await api.http.get(f"/image/{SOME_ID}", headers=reader) for _ in range(4)]

        assert [answer.status_code for answer in answers] == [404, 404, 404, 429]
        assert "3 requests a minute" in assert_is_problem(answers[-1], 429, "too_many_requests")
        assert 0 < int(answers[-1].headers["retry-after"]) <= 20
        assert (await api.http.get(f"/image/{SOME_ID}", headers=admin)).status_code == 404


RATE_LIMIT = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")


async def test_a_caller_is_told_what_its_limit_still_allows(settings: Settings) -> None:
    """Each answer says the limit, what remains, and when it is whole again; also 429, and errors of any kind."""
    async with running_api(guarded(settings, requests_per_minute=3)) as api:
        writer = {"X-API-Key": KEYS["writer"]}
        answers = [
            await api.http.get(f"/api/v1/job/{SOME_ID}", headers=writer),
            await api.http.post("/api/v1/images", files=form(images.photo()), headers=writer),
            await api.http.post("/api/v1/job", content=b"{", headers=writer | {"Content-Type": "application/json"}),
            await api.http.head(f"/image/{SOME_ID}", headers=writer),
        ]

        told = [tuple(int(answer.headers[name]) for name in RATE_LIMIT) for answer in answers]

        assert [answer.status_code for answer in answers] == [404, 201, 400, 429]
        assert [limit for limit, _, _ in told] == [3, 3, 3, 3]
        assert [remaining for _, remaining, _ in told] == [2, 1, 0, 0]
        for least, (_, _, reset) in zip((10, 25, 40, 60), told, strict=True):
            assert least < reset <= least + 20


async def test_nothing_is_told_of_a_limit_that_is_not_there(settings: Settings) -> None:
    """Neither without a limit, nor where none applies: to probes and strangers."""
    async with running_api(guarded(settings)) as api:
        unlimited = await api.http.get(f"/image/{SOME_ID}", headers={"X-API-Key": KEYS["reader"]})
    async with running_api(guarded(settings, requests_per_minute=3)) as api:
        probe, stranger = await api.http.get("/api/v1/health"), await api.http.get(f"/image/{SOME_ID}")

    assert [answer.status_code for answer in (unlimited, probe, stranger)] == [404, 200, 401]
    assert not any(name in answer.headers for answer in (unlimited, probe, stranger) for name in RATE_LIMIT)


async def test_an_image_in_memory_tells_each_caller_its_own_limit(settings: Settings) -> None:
    """Answers are kept and shared; what they say of limits is not."""
    async with running_api(guarded(settings, requests_per_minute=5)) as api:
        writer = {"X-API-Key": KEYS["writer"]}
        (image,) = (await api.http.post("/api/v1/images", files=form(images.photo()), headers=writer)).json()

        answers = [await api.http.get(image["url"], headers=writer) for _ in range(3)]

        assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["3", "2", "1"]
        assert all(len(answer.headers.get_list("ratelimit-limit")) == 1 for answer in answers)


@pytest.mark.parametrize("path", ["/api/v1/job", f"/api/v1/images/{SOME_ID}/url"])
@pytest.mark.parametrize("body", [b"{", b'{"originalID": 1}', b"[" * 100_000, b"x" * 2_000_000])
async def test_a_strangers_body_is_not_looked_at(settings: Settings, path: str, body: bytes) -> None:
    """The key comes first: 401, 403 or 429 whatever the body is; a request counts once."""
    async with running_api(guarded(settings, requests_per_minute=2)) as api:
        sent = [
            await api.http.post(path, content=body, headers={"X-API-Key": key, "Content-Type": "text/plain"})
            for key in ("guess", KEYS["reader"], KEYS["admin"], KEYS["admin"], KEYS["admin"])
        ]

    needs_write = path == "/api/v1/job"
    assert [answer.status_code for answer in sent[:2]] == [401, 403 if needs_write else sent[2].status_code]
    assert {answer.status_code for answer in sent[2:4]} <= {413, 415}
    assert sent[4].status_code == 429


async def test_two_callers_may_choose_the_same_idempotency_key(settings: Settings) -> None:
    """Each caller's Idempotency-Keys are its own."""
    async with running_api(guarded(settings)) as api:
        answers = [
            await api.http.post(
                "/api/v1/images",
                files=form(images.photo(width=width)),
                headers={"X-API-Key": KEYS[name], "Idempotency-Key": "1"},
            )
            for name, width in (("writer", 10), ("admin", 20))
        ]

        assert [answer.status_code for answer in answers] == [201, 201]


def test_keys_are_kept_as_hashes() -> None:
    """What is configured does not let anybody in."""
    assert not any(key in ENTRIES for key in KEYS.values())
    assert re.fullmatch(r"[0-9a-f]{64}", hash_key("a"))
