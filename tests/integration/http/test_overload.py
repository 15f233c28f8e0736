"""New work is turned away while what was accepted cannot be carried on or kept."""

import asyncio

import httpx
import pytest

from common.settings.model import Settings
from tests.factories import images
from tests.integration.http.test_images import assert_is_problem, form
from tests.integration.http.test_jobs import uploaded
from tests.services.api import Api, running_api


def with_limits(settings: Settings, **limits: float) -> Settings:
    """Return *settings* with other limits."""
    return settings.model_copy(update={"limits": settings.limits.model_copy(update=limits)})


async def job(api: Api, original: str) -> httpx.Response:
    """Return the answer to a request for a job."""
    return await api.http.post("/api/v1/job", json={"originalID": original, "options": [{}]})


@pytest.mark.parametrize(
    ("limits", "code"), [({"outbox_messages": 2}, "outbox_full"), ({"outbox_seconds": 0.1}, "outbox_stuck")]
)
async def test_jobs_are_turned_away_while_events_pile_up(
    settings: Settings, limits: dict[str, float], code: str
) -> None:
    """With Kafka away the outbox grows; beyond its limits a job is answered 503 with Retry-After, and not stored."""
    async with running_api(with_limits(settings, **limits)) as api:
        original = await uploaded(api)
        async with asyncio.timeout(60):
            while (response := await job(api, original)).status_code == 201:
                await asyncio.sleep(0.1)

        accepted = await api.rows("jobs")
        assert_is_problem(response, 503, code)
        assert int(response.headers["retry-after"]) > 0
        assert await api.rows("jobs") == await api.rows("outbox") == accepted


async def test_uploads_are_turned_away_while_the_disk_is_nearly_full(settings: Settings) -> None:
    """Nothing is received that could not be kept; jobs for what is there go on."""
    async with running_api(settings) as api:
        original = await uploaded(api)
    async with running_api(with_limits(settings, free_disk_mb=1 << 40)) as api:
        response = await api.http.post("/api/v1/images", files=form(images.photo()))

        assert_is_problem(response, 503, "disk_full")
        assert int(response.headers["retry-after"]) > 0
        assert await api.rows("images") == 1
        assert (await job(api, original)).status_code == 201
