"""Asking for jobs and looking at them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from common.ids import new_id
from tests.factories import images
from tests.integration.http.test_images import UNKNOWN, assert_is_problem, form
from tests.services.api import Api

VALID: dict[str, Any] = {"format": "webp", "maxDimension": 100, "quality": 70, "keepMetadata": True}

BAD_OPTIONS = [
    pytest.param({"quality": 0}, "options[0].quality", id="quality too low"),
    pytest.param({"quality": 101}, "options[0].quality", id="quality too high"),
    pytest.param({"quality": "80"}, "options[0].quality", id="quality as text"),
    pytest.param({"quality": 80.5}, "options[0].quality", id="quality as a fraction"),
    pytest.param({"max_dimension": 100}, "options[0].max_dimension", id="a member by a name of ours"),
    pytest.param({"quality": None}, "options[0].quality", id="quality null"),
    pytest.param({"quality": True}, "options[0].quality", id="quality as a boolean"),
    pytest.param({"maxDimension": -1}, "options[0].maxDimension", id="negative dimension"),
    pytest.param({"maxDimension": 16385}, "options[0].maxDimension", id="dimension too large"),
    pytest.param({"maxDimension": 10**30}, "options[0].maxDimension", id="dimension absurd"),
    pytest.param({"keepMetadata": "yes"}, "options[0].keepMetadata", id="text for a boolean"),
    pytest.param({"keepMetadata": 1}, "options[0].keepMetadata", id="number for a boolean"),
    pytest.param({"format": "gif"}, "options[0].format", id="a format that is not written"),
    pytest.param({"format": ""}, "options[0].format", id="empty format"),
    pytest.param({"format": 7}, "options[0].format", id="format as a number"),
    pytest.param({"format": ["jpeg"]}, "options[0].format", id="format as a list"),
    pytest.param({"maxdimension": 5}, "options[0].maxdimension", id="unknown member"),
    pytest.param({"width": 0}, "options[0].width", id="no width"),
    pytest.param({"width": 5, "fit": "crop"}, "options[0].fit", id="unknown fit"),
    pytest.param({"fit": "cover"}, "options[0]", id="fit without a box"),
    pytest.param({"width": 5, "maxDimension": 5}, "options[0]", id="two sizes"),
    pytest.param({"focus": "face"}, "options[0].focus", id="unknown focus"),
    pytest.param({"focus": {"x": 2, "y": 0}}, "options[0].focus", id="a point outside"),
    pytest.param({"crop": {"left": 0}}, "options[0].crop.top", id="half a crop"),
    pytest.param({"crop": {"left": 0.5, "top": 0, "width": 1, "height": 1}}, "options[0].crop", id="half a pixel"),
    pytest.param({"aspectRatio": "wide"}, "options[0].aspectRatio", id="ratio in words"),
    pytest.param({"rotate": 45}, "options[0].rotate", id="half a turn"),
    pytest.param({"flip": "both"}, "options[0].flip", id="unknown flip"),
    pytest.param({"background": "nothing"}, "options[0].background", id="unknown colour"),
    pytest.param({"padding": -1}, "options[0].padding.top", id="negative padding"),
    pytest.param({"trim": "yes"}, "options[0].trim", id="trim in words"),
    pytest.param({"blur": 1000}, "options[0].blur", id="blur too strong"),
    pytest.param({"sharpen": 0}, "options[0].sharpen", id="sharpen by nothing"),
    pytest.param({"grayscale": 1}, "options[0].grayscale", id="number for grayscale"),
    pytest.param("webp", "options[0]", id="no object"),
    pytest.param(None, "options[0]", id="null"),
]


async def uploaded(api: Api) -> str:
    """Return the id of an uploaded photo."""
    (image,) = (await api.http.post("/api/v1/images", files=form(images.photo()))).json()
    return str(image["id"])


async def test_a_job_is_answered_as_promised(api: Api) -> None:
    """POST /api/v1/job answers 201 with id, status, originalID, tasks and createdAt, and commits the job's event."""
    original = await uploaded(api)

    response = await api.http.post("/api/v1/job", json={"originalID": original, "options": [VALID]})

    assert response.status_code == 201
    job = response.json()
    assert job == {
        "id": job["id"],
        "status": "pending",
        "originalID": original,
        "tasks": [{"id": job["tasks"][0]["id"], "options": VALID, "status": "pending", "variantID": None}],
        "attempt": 1,
        "createdAt": job["createdAt"],
    }
    assert job["id"][14] == "7"
    assert await api.rows("outbox") == 1


async def test_a_job_is_found_again(api: Api) -> None:
    """GET /api/v1/job/{id} answers what was answered when it was created."""
    original = await uploaded(api)
    job = (await api.http.post("/api/v1/job", json={"originalID": original, "options": [VALID]})).json()

    response = await api.http.get(f"/api/v1/job/{job['id']}")

    assert (response.status_code, response.json()) == (200, job)


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
async def test_a_look_at_a_job_shows_its_end_and_then_stays(api: Api, state: str) -> None:
    """A job is read anew until it has ended; from then on its answer is final, and no query is made for it."""
    original = await uploaded(api)
    job = (await api.http.post("/api/v1/job", json={"originalID": original, "options": [VALID]})).json()
    path = f"/api/v1/job/{job['id']}"

    looks = [(await api.http.get(path)).json()["status"]]
    for written in ("processing", state, "pending"):
        await set_state(api, job["id"], written)
        looks.append((await api.http.get(path)).json()["status"])

    assert looks == ["pending", "processing", state, state]


async def set_state(api: Api, job_id: str, state: str) -> None:
    """Write *state* as another API process would, or nobody."""
    connection = await asyncpg.connect(api.settings.database.dsn)
    failure = ("damaged", "The image is cut short.") if state == "failed" else (None, None)
    ended_at = datetime.now(UTC) if state in {"completed", "failed", "cancelled"} else None
    change = "UPDATE jobs SET state = $1, code = $2, reason = $3, ended_at = $4 WHERE id = $5"
    await connection.execute(change, state, *failure, ended_at, UUID(job_id))
    await connection.close()


async def test_absent_options_have_their_defaults(api: Api) -> None:
    """The original's format, its size, quality 80, no metadata; `jpg` is taken for jpeg."""
    original = await uploaded(api)

    body = {"originalID": original, "options": [{}, {"format": "jpg"}]}
    job = (await api.http.post("/api/v1/job", json=body)).json()

    defaults = {"format": "jpeg", "maxDimension": 0, "quality": 80, "keepMetadata": False}
    assert [task["options"] for task in job["tasks"]] == [defaults, defaults]


async def test_a_crop_beyond_the_image_is_named(api: Api) -> None:
    """400 says what was asked and what the image has; upright or lying, it must fit."""
    original = await uploaded(api)
    options = [
        {"crop": {"left": 0, "top": 0, "width": 1, "height": 1}},
        {"crop": {"left": 9999, "top": 0, "width": 1, "height": 1}},
    ]

    response = await api.http.post("/api/v1/job", json={"originalID": original, "options": options})

    assert response.status_code == 400
    problem = response.json()
    assert problem["code"] == "crop_outside"
    assert problem["error"].startswith("options[1].crop: 1 x 1 pixels at 9999, 0 are not all within the image")


@pytest.mark.parametrize(("written", "number"), [("80.0", 80), ("8e1", 80), ("1.0E+2", 100)])
async def test_an_integer_may_be_written_as_json_allows(api: Api, written: str, number: int) -> None:
    """JSON knows one kind of number: 80, 80.0 and 8e1 are the same integer."""
    original = await uploaded(api)
    text = f'{{"originalID": "{original}", "options": [{{"quality": {written}}}]}}'

    response = await api.http.post("/api/v1/job", content=text, headers={"Content-Type": "application/json"})

    assert response.status_code == 201
    assert response.json()["tasks"][0]["options"]["quality"] == number


@pytest.mark.parametrize(("option", "field"), BAD_OPTIONS)
async def test_a_bad_option_is_named(api: Api, option: object, field: str) -> None:
    """400 names the field that is wrong; no job and no event is stored."""
    body = {"originalID": await uploaded(api), "options": [option]}

    response = await api.http.post("/api/v1/job", json=body)

    assert assert_is_problem(response, 400, "invalid_request").startswith(f"{field}: ")
    assert field in {error["field"] for error in response.json()["errors"]}
    assert await api.rows("jobs") == await api.rows("outbox") == 0


@pytest.mark.parametrize("written", ["maxdimension", "MaxDimension", "max_dimension", "max-dimension"])
async def test_the_right_spelling_of_a_field_is_told(api: Api, written: str) -> None:
    """A field in other case is unknown; the answer says how it is written."""
    body = {"originalID": str(new_id()), "options": [{written: 100}]}

    sentence = assert_is_problem(await api.http.post("/api/v1/job", json=body), 400, "invalid_request")

    assert sentence == f"options[0].{written}: is not a known field: write maxDimension"


async def test_every_body_tells_the_right_spelling(api: Api) -> None:
    """At every level, and in every body; a name that resembles none is only unknown."""
    job = await api.http.post("/api/v1/job", json={"OriginalId": "x", "Options": [{}], "colour": 1})
    url = await api.http.post(f"/api/v1/images/{new_id()}/url", json={"expires_in_seconds": 60, "maxDimension": 1})

    assert {"OriginalId: is not a known field: write originalID", "Options: is not a known field: write options"} < set(
        assert_is_problem(job, 400, "invalid_request").split("; ")
    )
    assert "colour: is not a known field" in job.json()["error"].split("; ")
    assert url.json()["error"].split("; ") == [
        "expiresInSeconds: is required",
        "expires_in_seconds: is not a known field: write expiresInSeconds",
        "maxDimension: is not a known field",
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"options": [{}]}, "originalID", id="no original"),
        pytest.param({"originalID": "nope", "options": [{}]}, "originalID", id="an id that is none"),
        pytest.param({"originalID": None, "options": [{}]}, "originalID", id="a null id"),
        pytest.param({"originalID": 5, "options": [{}]}, "originalID", id="a number for an id"),
        pytest.param({"originalID": "../etc", "options": [{}]}, "originalID", id="a path for an id"),
        pytest.param({"originalID": str(new_id())}, "options", id="no options"),
        pytest.param({"originalID": str(new_id()), "options": []}, "options", id="empty options"),
        pytest.param({"originalID": str(new_id()), "options": {}}, "options", id="an object for options"),
        pytest.param({"originalID": str(new_id()), "options": [{}], "x": 1}, "x", id="an unknown member"),
        pytest.param([], "body", id="a list"),
        pytest.param("text", "body", id="text"),
    ],
)
async def test_a_bad_member_is_named(api: Api, body: object, field: str) -> None:
    """400 names the member that is wrong, missing, empty or unknown."""
    response = await api.http.post("/api/v1/job", json=body)

    assert assert_is_problem(response, 400, "invalid_request").startswith(f"{field}: ")
    assert await api.holds_nothing()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"nope"])
async def test_a_body_that_is_no_json_is_refused(api: Api, content: bytes) -> None:
    """400 says that the body is not JSON, or missing."""
    response = await api.http.post("/api/v1/job", content=content, headers={"content-type": "application/json"})

    assert assert_is_problem(response, 400, "invalid_request").startswith("body: ")


async def test_every_mistake_is_told_at_once(api: Api) -> None:
    """A body with several mistakes is answered with all of them."""
    body = {"originalID": "x", "options": [{"quality": 0}, {"format": "gif"}]}

    problem = (await api.http.post("/api/v1/job", json=body)).json()

    assert [error["field"] for error in problem["errors"]] == ["originalID", "options[0].quality", "options[1].format"]


async def test_too_many_tasks_are_refused(api: Api) -> None:
    """400 names the field and the limit; nothing is stored."""
    body = {"originalID": await uploaded(api), "options": [VALID] * 5}

    response = await api.http.post("/api/v1/job", json=body)

    sentence = assert_is_problem(response, 400, "too_many_tasks")
    assert "options" in sentence
    assert "4" in sentence
    assert await api.rows("jobs") == 0


async def test_a_body_beyond_all_reason_is_refused(api: Api) -> None:
    """413 in our own words for a body that no valid job could fill."""
    headers = {"content-type": "application/json"}
    response = await api.http.post("/api/v1/job", content=b" " * 3_000_000, headers=headers)

    assert_is_problem(response, 413, "request_too_large")


@pytest.mark.parametrize("original", [str(new_id()), str(uuid4())])
async def test_a_job_for_an_unknown_image_is_not_found(api: Api, original: str) -> None:
    """404 "Image not found", and no job."""
    response = await api.http.post("/api/v1/job", json={"originalID": original, "options": [VALID]})

    assert assert_is_problem(response, 404, "image_not_found") == "Image not found"
    assert await api.holds_nothing()


@pytest.mark.parametrize("job_id", UNKNOWN)
async def test_an_unknown_job_is_not_found(api: Api, job_id: str) -> None:
    """404 "Job not found", also for an id that is no UUID."""
    response = await api.http.get(f"/api/v1/job/{job_id}")

    assert assert_is_problem(response, 404, "job_not_found") == "Job not found"


async def test_an_accepted_job_says_where_it_is(api: Api) -> None:
    """`Location` leads to it; asked for again under its key, to the same."""
    original = await uploaded(api)
    body = {"originalID": original, "options": [{"format": "png"}]}

    answers = [await api.http.post("/api/v1/job", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]

    assert {answer.headers["location"] for answer in answers} == {f"/api/v1/job/{answers[0].json()['id']}"}
    assert (await api.http.get(answers[0].headers["location"])).json() == answers[0].json()


async def test_an_ended_job_says_when(api: Api) -> None:
    """`endedAt` is there once it has ended, and not before."""
    answer = await api.http.post("/api/v1/job", json={"originalID": await uploaded(api), "options": [{}]})
    connection = await asyncpg.connect(api.settings.database.dsn)
    sql = "UPDATE jobs SET state = 'failed', code = 'c', reason = 'r', ended_at = '2026-06-01T12:00:00Z' WHERE id = $1"
    await connection.execute(sql, answer.json()["id"])
    await connection.close()

    job = (await api.http.get(answer.headers["location"])).json()

    assert "endedAt" not in answer.json()
    assert job["endedAt"] == "2026-06-01T12:00:00Z"
