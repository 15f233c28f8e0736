"""DELETE of images: what is answered, and how soon nobody is shown them."""

import asyncio
from uuid import UUID

from common.ids import new_id
from common.settings.model import Settings
from tests.factories import images
from tests.integration.http.test_images import assert_is_problem, form
from tests.integration.http.test_owners import finish
from tests.services.api import Api, running_api

BOUND_SECONDS = 10
"""How long caches may answer a deleted image, counted from the read of its row."""


async def uploaded(api: Api, **headers: str) -> str:
    """Upload an image; return its id."""
    answer = await api.http.post("/api/v1/images", files=form(images.photo()), headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()[0]["id"])


async def requested(api: Api, image: str) -> str:
    """Ask for a PNG of *image*; return the job's id."""
    answer = await api.http.post("/api/v1/job", json={"originalID": image, "options": [{"format": "png"}]})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def paths_of(image: str) -> list[str]:
    """Return where an image is answered."""
    return [f"/image/{image}", f"/api/v1/image/{image}/metadata"]


async def until_gone(api: Api, paths: list[str], *, after_seconds: float = 0) -> None:
    """Wait until each path is answered 404; it must be within the bound, counted from then."""
    async with asyncio.timeout(after_seconds + BOUND_SECONDS + 2):  # of a busy machine
        while {(await api.http.get(path)).status_code for path in paths} != {404}:
            await asyncio.sleep(0.1)


def blobs(api: Api) -> set[str]:
    """Return the names of the stored images."""
    return {path.name for path in api.files() if _is_image(path.name)}


def _is_image(name: str) -> bool:
    try:
        return UUID(name).version == 7
    except ValueError:
        return False


async def until_stored(api: Api, wanted: set[str]) -> None:
    """Wait until the store holds exactly the images *wanted*."""
    async with asyncio.timeout(60):
        while blobs(api) != wanted:
            await asyncio.sleep(0.05)


async def test_a_deleted_image_is_gone_everywhere(settings: Settings) -> None:
    """Within the bound from the caches of every API process, at once from lists and for jobs, soon from the store."""
    async with running_api(settings) as api, running_api(settings) as other:
        image, stays = await uploaded(api), await uploaded(api)
        for path in paths_of(image):  # fills the caches
            for one in (api, other, api, other):
                assert (await one.http.get(path)).status_code == 200

        answer = await api.http.delete(f"/api/v1/images/{image}")

        assert (answer.status_code, answer.content) == (204, b"")
        refused = await other.http.post("/api/v1/job", json={"originalID": image, "options": [{}]})
        assert_is_problem(refused, 404, "image_not_found")
        listed = (await other.http.get("/api/v1/images")).json()["items"]
        assert [item["id"] for item in listed] == [stays]
        await until_gone(other, paths_of(image))
        await until_gone(api, paths_of(image))
        await until_stored(api, {stays})


async def test_deleting_twice_is_answered_alike(api: Api) -> None:
    """204 each time; an id that never was is 404, like another owner's, and so is one that is no UUID."""
    image = await uploaded(api)

    answers = [await api.http.delete(f"/api/v1/images/{image}") for _ in range(2)]
    never = [await api.http.delete(f"/api/v1/images/{text}") for text in (new_id(), "holiday")]

    assert [answer.status_code for answer in answers] == [204, 204]
    for answer in never:
        assert_is_problem(answer, 404, "image_not_found")


async def test_the_jobs_of_a_deleted_original_stay_readable(api: Api) -> None:
    """One that had ended stays as it was, one that had not is cancelled; neither can be asked for again."""
    image = await uploaded(api)
    done, unfinished = await requested(api, image), await requested(api, image)
    await finish(api.settings, done)

    await api.http.delete(f"/api/v1/images/{image}")

    bodies = [(await api.http.get(f"/api/v1/job/{job}")).json() for job in (done, unfinished)]
    assert [body["status"] for body in bodies] == ["completed", "cancelled"]
    async with asyncio.timeout(BOUND_SECONDS + 2):
        while (answer := await api.http.post(f"/api/v1/jobs/{unfinished}/retry")).status_code == 201:
            await asyncio.sleep(0.1)
    assert_is_problem(answer, 404, "image_not_found")


async def test_a_variant_is_deleted_alone(api: Api) -> None:
    """Its original stays; variants of a deleted original do not."""
    image = await uploaded(api)
    jobs = [await requested(api, image) for _ in range(2)]
    variants = []
    for job in jobs:
        await finish(api.settings, job)
        variants.append((await api.http.get(f"/api/v1/job/{job}")).json()["tasks"][0]["variantID"])

    await api.http.delete(f"/api/v1/images/{variants[0]}")
    left = [item["id"] for item in (await api.http.get("/api/v1/images")).json()["items"]]
    await api.http.delete(f"/api/v1/images/{image}")
    nothing = (await api.http.get("/api/v1/images")).json()["items"]

    assert set(left) == {image, variants[1]}
    assert nothing == []


async def test_an_upload_is_not_repeated_once_its_image_is_deleted(api: Api) -> None:
    """The first answer names what is gone; storing the image again would undo the deletion."""
    image = await uploaded(api, **{"Idempotency-Key": "one"})
    await api.http.delete(f"/api/v1/images/{image}")
    await until_gone(api, paths_of(image))

    again = await api.http.post("/api/v1/images", files=form(images.photo()), headers={"Idempotency-Key": "one"})

    assert_is_problem(again, 410, "idempotency_key_gone")
