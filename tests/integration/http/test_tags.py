"""Tags: what clients attach to images and jobs, and find them by."""

import json
from typing import Any

import asyncpg
import httpx
import pytest

from common.settings.model import Settings
from tests.bench.lists.__main__ import Question, explain
from tests.factories import images
from tests.integration.http.owners import api_with_owners, headers_of
from tests.integration.http.test_images import assert_is_problem
from tests.integration.http.test_lists import execute, listed, uploaded
from tests.services.api import Api

LONGEST = {f"{number:064}": "v" * 256 for number in range(16)}


async def upload(api: Api, *parts: tuple[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
    """Return the answer to a form of *parts*, in that order."""
    return await api.http.post("/api/v1/images", files=list(parts), headers=headers)


def tags_part(tags: Any) -> tuple[str, Any]:
    """Return the part of a form that has *tags*."""
    return "tags", (None, tags if isinstance(tags, str | bytes) else json.dumps(tags))


def file_part(width: int = 32) -> tuple[str, Any]:
    """Return the part of a form that is a photo."""
    return "file", ("a.jpg", images.photo(width=width))


async def ask(api: Api, original: str, **members: Any) -> httpx.Response:
    """Return the answer to a request for a job."""
    return await api.http.post("/api/v1/job", json={"originalID": original, "options": [{}], **members})


async def test_an_uploads_tags_are_told_of_each_image(api: Api) -> None:
    """In the answer, in descriptions, and in lists; an image without tags has no such member."""
    tags = {"shop": "Köln: Süd", "order": ""}
    tagged = (await upload(api, tags_part(tags), file_part(31), file_part(32))).json()
    (plain,) = await uploaded(api, 1)

    assert [image["tags"] for image in tagged] == [tags, tags]
    described = (await api.http.get(f"/api/v1/image/{tagged[0]['id']}/metadata")).json()
    assert described["tags"] == tags
    assert "tags" not in (await api.http.get(f"/api/v1/image/{plain}/metadata")).json()
    assert await listed(api, "/api/v1/images", tag="shop:Köln: Süd") == [image["id"] for image in tagged[::-1]]
    assert await listed(api, "/api/v1/images", tag="order:") == [image["id"] for image in tagged[::-1]]


async def test_a_jobs_tags_are_told_wherever_it_is(api: Api) -> None:
    """In the answer, in the job, and in lists; a job without tags has no such member."""
    (original,) = await uploaded(api, 1)

    job = (await ask(api, original, tags=LONGEST)).json()

    assert job["tags"] == LONGEST
    assert (await api.http.get(f"/api/v1/job/{job['id']}")).json()["tags"] == LONGEST
    assert (await api.http.get("/api/v1/jobs")).json()["items"][0]["tags"] == LONGEST
    assert "tags" not in (await ask(api, original)).json()


REFUSED_TAGS = {
    "too many": ({f"n{number}": "v" for number in range(17)}, "must be 16 at most, not 17"),
    "an empty name": ({"": "v"}, "64 printable characters without a colon"),
    "a long name": ({"n" * 65: "v"}, "64 printable characters without a colon"),
    "a colon in a name": ({"a:b": "v"}, "64 printable characters without a colon"),
    "a NUL in a name": ({"a\0": "v"}, "64 printable characters without a colon"),
    "a long value": ({"n": "v" * 257}, "the value of 'n' must be 256 printable characters at most"),
    "a NUL in a value": ({"n": "\0"}, "the value of 'n' must be 256 printable characters at most"),
    "half a surrogate pair": ({"n": "\ud800"}, "the value of 'n' must be 256 printable characters at most"),
}


@pytest.mark.parametrize("case", REFUSED_TAGS)
async def test_tags_beyond_the_limits_are_refused(api: Api, case: str) -> None:
    """For jobs and for uploads alike, naming the field and the limit, and nothing is stored."""
    tags, reason = REFUSED_TAGS[case]
    (original,) = await uploaded(api, 1)

    asked = await api.http.post(
        "/api/v1/job",
        content=json.dumps({"originalID": original, "options": [{}], "tags": tags}),
        headers={"content-type": "application/json"},
    )
    sent = await upload(api, tags_part(tags), file_part())

    for answer in (asked, sent):
        sentence = assert_is_problem(answer, 400, "invalid_request")
        assert sentence.startswith("tags")
        assert reason in sentence
    assert (await api.rows("images"), await api.rows("jobs")) == (1, 0)


@pytest.mark.parametrize("tags", [7, ["a"], {"n": 7}, {"n": None}, {"n": {}}])
async def test_tags_of_another_kind_are_refused(api: Api, tags: Any) -> None:
    """A number is not made a text: it would be found under another name than its client has."""
    (original,) = await uploaded(api, 1)

    for answer in (await ask(api, original, tags=tags), await upload(api, tags_part(tags), file_part())):
        assert assert_is_problem(answer, 400, "invalid_request").startswith("tags")


@pytest.mark.parametrize("content", ["", "{", b"\xff", "[" * 60_000, '{"a": '])
async def test_tags_that_are_no_json_are_refused(api: Api, content: str | bytes) -> None:
    """Whatever is sent as the form's field."""
    answer = await upload(api, tags_part(content), file_part())

    assert assert_is_problem(answer, 400, "invalid_request") == "tags: is not valid JSON"


@pytest.mark.parametrize(
    "parts",
    [[file_part(), tags_part({})], [tags_part({}), tags_part({}), file_part()], [file_part(), tags_part({"a": "b"})]],
)
async def test_an_uploads_tags_come_once_and_first(api: Api, parts: list[tuple[str, Any]]) -> None:
    """Otherwise nobody could say which files they are of."""
    answer = await upload(api, *parts)

    assert "'tags' may come once, before the files" in assert_is_problem(answer, 400, "malformed_upload")
    assert await api.holds_nothing()


async def test_a_field_of_tags_is_bounded(api: Api) -> None:
    """It is kept in memory."""
    answer = await upload(api, tags_part("x" * 70_000), file_part())

    assert "'tags' is longer than 64 kB" in assert_is_problem(answer, 413, "form_too_large")


async def test_tags_are_a_part_of_what_an_idempotency_key_stands_for(api: Api) -> None:
    """The same request gets the same job; one with other tags is another."""
    (original,) = await uploaded(api, 1)
    sent = {"Idempotency-Key": "k"}
    body = {"originalID": original, "options": [{}]}

    first, same, other = [
        await api.http.post("/api/v1/job", json={**body, "tags": tags}, headers=sent)
        for tags in ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}, {"a": "1"})
    ]
    images_of = [
        (await upload(api, tags_part({"a": value}), file_part(), headers=sent)).status_code for value in ("1", "1", "2")
    ]

    assert first.json()["id"] == same.json()["id"]
    assert same.json()["tags"] == {"a": "1", "b": "2"}
    assert_is_problem(other, 422, "idempotency_key_reused")
    assert images_of == [201, 201, 422]


async def test_filters_by_tags_combine(api: Api, settings: Settings) -> None:
    """Several tags, and tags with every other filter; the next page keeps all of them."""
    one, other = await uploaded(api, 2)
    jobs = [
        (await ask(api, original, tags=tags)).json()["id"]
        for original, tags in (
            (one, {"a": "1"}),
            (one, {"a": "1", "b": "2"}),
            (other, {"a": "1", "b": "2"}),
            (one, {"a": "2"}),
            (one, {}),
        )
    ]
    await execute(settings, "UPDATE jobs SET state = 'completed', ended_at = now() WHERE id = $1", jobs[1])

    for filters, wanted in (
        ({"tag": "a:1"}, [2, 1, 0]),
        ({"tag": ["a:1", "b:2"]}, [2, 1]),
        ({"tag": ["b:2", "a:1"], "originalID": one}, [1]),
        ({"tag": "a:1", "status": "pending"}, [2, 0]),
        ({"tag": "a:1", "status": "completed"}, [1]),
        ({"tag": "a:1", "cursor": jobs[2], "limit": 1}, [1]),
        ({"tag": "a:3"}, []),
        ({"tag": "a"}, None),
    ):
        answer = await api.http.get("/api/v1/jobs", params=filters)
        if wanted is None:
            assert "tag" in assert_is_problem(answer, 400, "invalid_request")
        else:
            assert [item["id"] for item in answer.json()["items"]] == [jobs[number] for number in wanted], filters
    first = await api.http.get("/api/v1/jobs", params={"tag": ["a:1", "b:2"], "limit": 1})
    second = await api.http.get(first.headers["link"].partition(">")[0].removeprefix("<"))
    assert [item["id"] for item in second.json()["items"]] == [jobs[1]]


async def test_another_owners_tags_find_nothing(settings: Settings) -> None:
    """The same tag of two owners finds each their own, and an admin both."""
    async with api_with_owners(settings) as api:
        ids = {}
        for name in ("shop", "press"):
            image = (await upload(api, tags_part({"a": "1"}), file_part(), headers=headers_of(name))).json()[0]["id"]
            body = {"originalID": image, "options": [{}], "tags": {"a": "1"}}
            job = (await api.http.post("/api/v1/job", json=body, headers=headers_of(name))).json()["id"]
            ids[name] = {"images": image, "jobs": job}

        for kind in ("images", "jobs"):
            for name, wanted in (("shop", ["shop"]), ("press", ["press"]), ("boss", ["press", "shop"])):
                found = await listed(api, f"/api/v1/{kind}", headers=headers_of(name), tag="a:1")
                assert found == [ids[owner][kind] for owner in wanted]


FILL = """
    INSERT INTO images (id, original_name, format, width, height, byte_size, created_at, owner, tags)
    SELECT (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid, 'photo', 'jpeg', 1, 1, 1, now(),
           CASE WHEN n % 2 = 0 THEN 'shop' ELSE 'anybody' END,
           jsonb_build_object('common', '1', 'rare', (n % 5000)::text)
    FROM generate_series(1, 20000) AS n"""
TAG_THEM = """
    INSERT INTO {item}_tags (tag, id, owner)
    SELECT tag.key || ':' || tag.value, id, owner FROM {item}s, jsonb_each_text(tags) AS tag"""


@pytest.mark.parametrize("tag", ["common:1", "rare:4711", "rare:unheard"])
@pytest.mark.parametrize("owner", [None, "shop", "stranger"])
async def test_a_list_by_a_tag_reads_few_rows(settings: Settings, tag: str, owner: str | None) -> None:
    """A page of a common tag, of a rare one, and of one that nothing has: never the others' rows."""
    connection = await asyncpg.connect(settings.database.dsn)
    await connection.execute(FILL)
    await connection.execute(TAG_THEM.format(item="image"))
    await connection.execute("ANALYZE images, image_tags")
    name, _, value = tag.partition(":")
    arguments = (None, owner, None, 51, tag, json.dumps({name: value}))

    _, read, used = await explain(connection, Question(tag, "list_tagged_images", arguments))

    await connection.close()
    assert read <= 400, used
