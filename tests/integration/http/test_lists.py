"""Lists of images and jobs."""

import asyncio
import re
from typing import Any

import asyncpg
import pytest

from common.ids import new_id
from common.settings.model import Settings
from tests.factories import images
from tests.integration.http.owners import api_with_owners, belongings_of, headers_of, upload
from tests.integration.http.test_images import assert_is_problem, form
from tests.services.api import Api


async def uploaded(api: Api, count: int) -> list[str]:
    """Upload so many images; return their ids, the newest first."""
    return [
        (await api.http.post("/api/v1/images", files=form(images.photo(width=10 + number)))).json()[0]["id"]
        for number in range(count)
    ][::-1]


async def asked(api: Api, original: str) -> str:
    """Ask for a job on *original*; return its id."""
    answer = await api.http.post("/api/v1/job", json={"originalID": original, "options": [{}]})
    return str(answer.json()["id"])


async def execute(settings: Settings, sql: str, *arguments: object) -> None:
    """Run *sql*."""
    connection = await asyncpg.connect(settings.database.dsn)
    await connection.execute(sql, *arguments)
    await connection.close()


FAIL = "UPDATE jobs SET state = 'failed', code = $2, reason = 'r', ended_at = now() WHERE id = $1"


async def listed(api: Api, path: str, *, headers: dict[str, str] | None = None, **parameters: Any) -> list[str]:
    """Return the ids in one page."""
    answer = await api.http.get(path, params=parameters, headers=headers)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_pages_follow_one_another_by_their_links(api: Api) -> None:
    """All are listed once, the newest first; the last page has no link, and a null cursor."""
    ids = await uploaded(api, 5)

    found, path, pages = [], "/api/v1/images?limit=2", 0
    while path:
        answer = await api.http.get(path)
        found += [item["id"] for item in answer.json()["items"]]
        link = answer.headers.get("link", "")
        cursor = answer.json()["nextCursor"]
        assert (f"cursor={cursor}" in link) is (cursor is not None)
        path = match[1] if (match := re.fullmatch(r'<(/api/v1/images\?.*)>; rel="next"', link)) else ""
        pages += 1

    assert found == ids
    assert pages == 3


async def test_a_page_that_is_just_full_has_no_next(api: Api) -> None:
    """No client is sent to an empty page."""
    await uploaded(api, 2)

    answer = await api.http.get("/api/v1/images?limit=2")

    assert answer.json()["nextCursor"] is None
    assert "link" not in answer.headers


async def test_what_comes_meanwhile_shifts_no_page(api: Api) -> None:
    """A page goes on from an id, not from a count."""
    ids = await uploaded(api, 4)
    first = (await api.http.get("/api/v1/images?limit=2")).json()
    await uploaded(api, 3)

    assert await listed(api, "/api/v1/images", limit=2, cursor=first["nextCursor"]) == ids[2:]


async def test_images_tell_what_they_are(api: Api, settings: Settings) -> None:
    """A listed image has the body of its description; a variant names its original, and is found by it."""
    (original,) = await uploaded(api, 1)
    variant = str(new_id())
    await execute(
        settings,
        "INSERT INTO images (id, original_id, original_name, format, width, height, byte_size, created_at) "
        "VALUES ($1, $2, 'x', 'png', 1, 1, 1, now())",
        variant,
        original,
    )

    items = (await api.http.get("/api/v1/images")).json()["items"]

    assert [item["id"] for item in items] == [variant, original]
    assert items[0]["originalID"] == original
    assert "originalID" not in items[1]
    assert items[1] == (await api.http.get(f"/api/v1/image/{original}/metadata")).json()
    assert await listed(api, "/api/v1/images", originalID=original) == [variant]


async def test_filters_of_jobs_combine(api: Api, settings: Settings) -> None:
    """Status, code and original: each alone, and together."""
    one, other = await uploaded(api, 2)
    jobs = [await asked(api, original) for original in (one, other, one, one)]
    await execute(settings, FAIL, jobs[0], "time_limit")
    await execute(settings, FAIL, jobs[1], "time_limit")
    await execute(settings, FAIL, jobs[2], "damaged")

    for filters, wanted in (
        ({}, [3, 2, 1, 0]),
        ({"status": "failed"}, [2, 1, 0]),
        ({"status": "pending"}, [3]),
        ({"status": "completed"}, []),
        ({"code": "time_limit"}, [1, 0]),
        ({"originalID": one}, [3, 2, 0]),
        ({"status": "failed", "originalID": one}, [2, 0]),
        ({"status": "failed", "originalID": one, "code": "time_limit"}, [0]),
        ({"status": "pending", "code": "time_limit"}, []),
        ({"status": "failed", "cursor": jobs[2], "limit": 1}, [1]),
    ):
        assert await listed(api, "/api/v1/jobs", **filters) == [jobs[number] for number in wanted], filters


async def test_the_next_page_keeps_the_filters(api: Api) -> None:
    """The link repeats what was asked."""
    (original,) = await uploaded(api, 1)
    jobs = [await asked(api, original) for _ in range(3)]

    first = await api.http.get("/api/v1/jobs", params={"status": "pending", "originalID": original, "limit": 1})
    second = await api.http.get(first.headers["link"].partition(">")[0].removeprefix("<"))

    assert [item["id"] for item in second.json()["items"]] == [jobs[1]]
    assert f"originalID={original}" in second.headers["link"]


@pytest.mark.parametrize(
    ("path", "parameters", "named"),
    [
        ("images", {"limit": 0}, "limit"),
        ("images", {"limit": 201}, "limit"),
        ("images", {"cursor": "x"}, "cursor"),
        ("images", {"status": "failed"}, "status"),
        ("images", {"originalID": "x"}, "originalID"),
        ("jobs", {"status": "unheard"}, "status"),
        ("jobs", {"colour": "red"}, "colour"),
        ("jobs", {"code": "time\0limit"}, "code"),
    ],
)
async def test_a_filter_that_cannot_be_is_refused(
    api: Api, path: str, parameters: dict[str, str | int], named: str
) -> None:
    """One that is unknown too: an answer without it would hold what was to be left out."""
    answer = await api.http.get(f"/api/v1/{path}", params=parameters)

    assert named in assert_is_problem(answer, 400, "invalid_request")


async def test_a_list_is_an_owners(settings: Settings) -> None:
    """Each sees their own, keys of one owner the same, an admin all; filters by another's original find nothing."""
    async with api_with_owners(settings) as api:
        shops, presss = await belongings_of(api, "shop"), await belongings_of(api, "press")
        seen = {
            name: {
                item["id"]
                for path in ("images", "jobs")
                for item in (await api.http.get(f"/api/v1/{path}", headers=headers_of(name))).json()["items"]
            }
            for name in ("shop", "shop-site", "press", "boss")
        }
        foreign = [
            (await api.http.get(f"/api/v1/{path}?originalID={shops.image}", headers=headers_of("press"))).json()[
                "items"
            ]
            for path in ("images", "jobs")
        ]

        of_shop, of_press = (its.ids() - {its.batch} for its in (shops, presss))
        assert seen["shop"] == seen["shop-site"] == of_shop
        assert seen["press"] == of_press
        assert seen["boss"] == of_shop | of_press
        assert foreign == [[], []]


async def test_an_owners_pages_follow_one_another(settings: Settings) -> None:
    """Others' images between them are not counted."""
    async with api_with_owners(settings) as api:
        mine = []
        for _ in range(3):
            mine.append(await upload(api, "shop"))
            await upload(api, "press")
        first = await api.http.get("/api/v1/images?limit=2", headers=headers_of("shop"))
        second = await api.http.get(
            first.headers["link"].partition(">")[0].removeprefix("<"), headers=headers_of("shop")
        )

        found = [item["id"] for page in (first, second) for item in page.json()["items"]]
        assert found == mine[::-1]
        assert second.json()["nextCursor"] is None


async def test_lists_side_by_side_do_not_change_each_others_plans(api: Api) -> None:
    """What a list sets for its own statements ends with its transaction."""
    ids = await uploaded(api, 3)

    limits = [1, 2, 3] * 9
    answers = await asyncio.gather(*(listed(api, "/api/v1/images", limit=limit) for limit in limits))

    assert {tuple(answer) for answer in answers} == {tuple(ids[:limit]) for limit in (1, 2, 3)}
