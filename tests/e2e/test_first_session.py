"""A first session: `icecube up`, a real photo, its variants, and the news of it on Kafka."""

import io
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from PIL import Image

from tests.factories import images
from tests.services.icecube import RunningIcecube

DEADLINE_SECONDS = 60
OPTIONS = [
    {"format": "webp", "maxDimension": 200, "quality": 80},
    {"format": "jpeg", "maxDimension": 100},
    {"format": "png", "quality": 100, "keepMetadata": True},
]


@pytest.fixture(scope="module")
def http(icecube: RunningIcecube) -> Iterator[httpx.Client]:
    """Yield a client of the running service."""
    with httpx.Client(base_url=icecube.api, timeout=30) as http:
        yield http


def uploaded(http: httpx.Client, content: bytes, name: str = "astronaut.jpg") -> str:
    """Return the id of an uploaded photo."""
    response = http.post("/api/v1/images", files=[("file", (name, content))])
    assert response.status_code == 201, response.text
    return str(response.json()[0]["id"])


def ended_job(http: httpx.Client, original: str, options: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a job once it has ended."""
    response = http.post("/api/v1/job", json={"originalID": original, "options": options})
    assert response.status_code == 201, response.text
    job: dict[str, Any] = response.json()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while job["status"] in {"pending", "processing"} and time.monotonic() < deadline:
        time.sleep(0.05)
        job = http.get(f"/api/v1/job/{job['id']}").json()
    return job


def notification_of(icecube: RunningIcecube, job_id: str) -> dict[str, Any]:
    """Return the job's record on the completion topic."""
    return next(record for record in records_on("image-jobs", icecube) if record["jobId"] == job_id)


def records_on(topic: str, icecube: RunningIcecube) -> Iterator[dict[str, Any]]:
    """Yield what an independent client reads: kcat where it is, else librdkafka."""
    read = _with_kcat if shutil.which("kcat") else _with_librdkafka
    return read(icecube.kafka, topic)


def _with_kcat(brokers: str, topic: str) -> Iterator[dict[str, Any]]:
    command = ["kcat", "-b", brokers, "-t", topic, "-C", "-o", "beginning", "-e", "-q"]
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:  # it reads what is there and ends: what is not there yet takes another run
        run = subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE_SECONDS, text=True)
        yield from map(json.loads, run.stdout.splitlines())


def _with_librdkafka(brokers: str, topic: str) -> Iterator[dict[str, Any]]:
    # No group is joined, as on the embedded broker that alone takes seconds.
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "unused", "enable.auto.commit": False})
    partitions = consumer.list_topics(topic, timeout=DEADLINE_SECONDS).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    deadline = time.monotonic() + DEADLINE_SECONDS
    try:
        while time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is not None and message.error() is None:
                yield json.loads(message.value() or b"")
    finally:
        consumer.close()


def test_a_photo_becomes_its_variants(http: httpx.Client, icecube: RunningIcecube) -> None:
    """Upload, job, poll, download: each variant is what was asked for, and the notification tells the same."""
    original = uploaded(http, images.photo(width=400, height=300))

    job = ended_job(http, original, OPTIONS)

    assert job["status"] == "completed"
    variants = [task["variantID"] for task in job["tasks"]]
    pictures = [Image.open(io.BytesIO(http.get(f"/image/{variant}").content)) for variant in variants]
    assert [(picture.format, picture.size) for picture in pictures] == [
        ("WEBP", (200, 150)),
        ("JPEG", (100, 75)),
        ("PNG", (400, 300)),
    ]
    notification = notification_of(icecube, job["id"])
    assert (notification["status"], notification["originalId"]) == ("completed", original)
    assert [variant["id"] for variant in notification["variants"]] == variants
    for variant in notification["variants"]:
        metadata = http.get(f"/api/v1/image/{variant['id']}/metadata").json()
        assert {name: metadata[name] for name in ("format", "width", "height", "byteSize")} == {
            name: variant[name] for name in ("format", "width", "height", "byteSize")
        }


def test_a_damaged_photo_fails_with_a_reason(http: httpx.Client, icecube: RunningIcecube) -> None:
    """A photo cut short is accepted, as its header is whole, and its job fails with a sentence for its owner."""
    content = images.photo(width=800, height=600)
    original = uploaded(http, content[: len(content) // 2])

    job = ended_job(http, original, OPTIONS)

    assert job["status"] == "failed"
    assert job["reason"].endswith(".")
    assert [task["variantID"] for task in job["tasks"]] == [None] * 3
    notification = notification_of(icecube, job["id"])
    assert (notification["status"], notification["reason"]) == ("failed", job["reason"])


def test_the_state_a_notification_tells_of_is_there_to_be_read(http: httpx.Client, icecube: RunningIcecube) -> None:
    """Whoever reads a notification and asks the API sees the job ended."""
    original = uploaded(http, images.photo())
    job_id = http.post("/api/v1/job", json={"originalID": original, "options": OPTIONS}).json()["id"]

    notification = notification_of(icecube, job_id)

    assert http.get(f"/api/v1/job/{job_id}").json()["status"] == notification["status"] == "completed"


def test_the_same_photo_is_not_worked_on_twice(http: httpx.Client, icecube: RunningIcecube) -> None:
    """The same bytes and options give the same variants again, under ids of their own, without being made."""
    content = images.photo(width=600, height=450)
    first = ended_job(http, uploaded(http, content), OPTIONS)

    second = ended_job(http, uploaded(http, content, "the same.jpg"), OPTIONS)

    assert second["status"] == "completed"
    result = next(
        record
        for record in records_on("icecube.results", icecube)
        if (record["type"], record["jobId"]) == ("JobSucceeded", second["id"])
    )
    assert result["reused"] == [task["variantID"] for task in second["tasks"]]
    for one, other in zip(first["tasks"], second["tasks"], strict=True):
        assert one["variantID"] != other["variantID"]
        assert http.get(f"/image/{one['variantID']}").content == http.get(f"/image/{other['variantID']}").content
    assert len(notification_of(icecube, second["id"])["variants"]) == len(OPTIONS)


def test_one_variant_that_cannot_be_made_costs_no_other(http: httpx.Client, icecube: RunningIcecube) -> None:
    """A picture that is too wide for WebP: the job fails for that reason, and has, shows and announces its JPEG."""
    file = io.BytesIO()
    Image.new("RGB", (16384, 8), "teal").save(file, "PNG")
    options: list[dict[str, Any]] = [{"format": "webp"}, {"format": "jpeg", "maxDimension": 64}]

    job = ended_job(http, uploaded(http, file.getvalue()), options)

    refused, made = job["tasks"]
    assert (job["status"], job["code"]) == ("failed", "variant_too_large")
    assert (refused["status"], refused["code"], refused["reason"]) == ("failed", job["code"], job["reason"])
    assert refused["variantID"] is None
    assert (made["status"], made["variant"]["width"]) == ("completed", 64)
    assert http.get(made["variant"]["url"]).headers["content-type"] == "image/jpeg"
    announced = notification_of(icecube, job["id"])
    assert (announced["status"], announced["code"]) == ("failed", "variant_too_large")
    assert [variant["id"] for variant in announced["variants"]] == [made["variantID"]]


def test_a_failed_job_can_be_asked_for_again(http: httpx.Client) -> None:
    """The new job has its own variants, even of the tasks that were made before."""
    file = io.BytesIO()
    Image.new("RGB", (16384, 9), "plum").save(file, "PNG")
    failed = ended_job(http, uploaded(http, file.getvalue()), [{"format": "webp"}, {"format": "jpeg"}])

    retry = http.post(f"/api/v1/jobs/{failed['id']}/retry").json()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while retry["status"] in {"pending", "processing"} and time.monotonic() < deadline:
        time.sleep(0.05)
        retry = http.get(f"/api/v1/job/{retry['id']}").json()

    assert (retry["status"], retry["retryOf"]) == ("failed", failed["id"])
    variants = {job["tasks"][1]["variantID"] for job in (failed, retry)}
    assert len(variants) == 2
    assert len({http.get(f"/image/{variant}").content for variant in variants}) == 1
