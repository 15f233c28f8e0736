"""The errands: each is repeated until it is answered, and notes what it was told."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import httpx
import pytest

from tests.chaos.api import Api, RefusedError, TurnedAwayError
from tests.chaos.errands import Errand, Errands
from tests.chaos.history import History

JOB, VARIANT = "a-job", "a-variant"
Answer = Callable[[httpx.Request], httpx.Response]


def errands(folder: Path, answer: Answer) -> tuple[Errands, History]:
    """Return the errands of a client of an API that answers so, and its history."""
    history = History(folder / "history.jsonl")
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Errands(Api(http, ["http://api"], history, Random(1))), history  # noqa: S311 - to be repeated


async def test_a_deletion_is_repeated_until_it_is_answered(tmp_path: Path) -> None:
    """It counts as tried from the beginning, and as done once there is a 204."""
    answers = [httpx.Response(503, headers={"Retry-After": "1"}), httpx.Response(204)]
    client, history = errands(tmp_path, lambda _: answers.pop(0))
    client.begun = Errand("delete", VARIANT, image_is_sound=True)

    with pytest.raises(TurnedAwayError):
        await client.go_on()
    told = (set(history.delete_tried), set(history.deleted))
    await client.go_on()

    assert told == ({VARIANT}, set())
    assert history.deleted == {VARIANT}


@pytest.mark.parametrize("made", [[VARIANT], []])
async def test_a_variant_is_deleted_if_there_is_one(tmp_path: Path, made: list[str]) -> None:
    """A job has none before it has ended, and none if it failed."""
    tasks = [{"variantID": None}, *({"variantID": one} for one in made)]
    client, history = errands(tmp_path, lambda _: httpx.Response(200, json={"tasks": tasks}))
    client.begun = Errand("delete variant", JOB, image_is_sound=True)

    await client.go_on()

    assert client.begun == (Errand("delete", VARIANT, image_is_sound=True) if made else None)
    assert history.delete_tried == set()


async def test_a_refused_errand_is_a_complaint_and_given_up(tmp_path: Path) -> None:
    """The client goes on with something else."""
    client, history = errands(tmp_path, lambda _: httpx.Response(404, text="no such job"))
    client.begun = Errand("cancel", JOB, image_is_sound=True)

    with pytest.raises(RefusedError):
        await client.go_on()

    assert history.wrong == ["the cancellation of a-job was answered 404: no such job"]
    assert client.begun is None


async def test_another_try_is_counted_once(tmp_path: Path) -> None:
    """However often it has to be repeated, it is one job under one key."""
    answers = [httpx.Response(429, headers={"Retry-After": "1"}), httpx.Response(201, json={"id": "another"})]
    keys: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        return answers.pop(0)

    client, history = errands(tmp_path, answer)
    client.begun = Errand("retry", JOB, image_is_sound=True)

    with pytest.raises(TurnedAwayError):
        await client.go_on()
    await client.go_on()

    assert keys == ["retry-a-job", "retry-a-job"]
    assert (history.orders, list(history.accepted)) == (1, ["another"])
