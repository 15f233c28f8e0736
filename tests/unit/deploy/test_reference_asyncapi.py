"""The Kafka surface as documented: valid AsyncAPI, and true of the records that are really written."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import validator_for

from common.kafka.headers import Headers
from common.settings.groups import KafkaSettings
from deploy.reference.asyncapi import asyncapi
from ingest_api.domain.job import JobState
from ingest_api.job_store import OutboxMessage
from ingest_api.life_cycle.messages import Messages
from tests.doubles.kafka import Record
from tests.factories.jobs import NOON, a_job, a_record, the_variants_of

SPECS = "@asyncapi/specs@6.11.1"
MESSAGES = Messages(KafkaSettings())


def an_end(state: JobState, **changes: Any) -> OutboxMessage:
    """Return the notification of a job that ended in *state*."""
    record = a_record(job=a_job(state=state, **changes))
    variants = the_variants_of(record.tasks) if state is JobState.COMPLETED else ()
    return MESSAGES.job_ended(replace(record, variants=variants), at=NOON)


@pytest.fixture(scope="module")
def official_schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the AsyncAPI initiative's own JSON schema of AsyncAPI 3.0, out of its npm package."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: docs/asyncapi.json was not compared with the official schema")
    folder = tmp_path_factory.mktemp("asyncapi")
    packed = subprocess.run([npm, "pack", SPECS, "--silent"], cwd=folder, capture_output=True, text=True, check=False)
    if packed.returncode:
        pytest.skip(f"npm could not fetch {SPECS}: docs/asyncapi.json was not compared with the official schema")
    return _member(folder / packed.stdout.strip(), "package/schemas/3.0.0.json")


def _member(archive: Path, name: str) -> dict[str, Any]:
    with tarfile.open(archive) as package:
        file = package.extractfile(name)
        assert file is not None
        content: dict[str, Any] = json.load(file)
        return content


def check(schema: Mapping[str, Any], value: Any) -> None:
    """Raise `ValidationError` unless *value* is as *schema*, a part of the document, says."""
    whole = {**schema, "components": asyncapi()["components"]}
    Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)


def check_record(kind: str, *, value: bytes | None, headers: Headers) -> None:
    """Raise `ValidationError` unless a record is as the document says of *kind*; no header may go unmentioned."""
    message = asyncapi()["components"]["messages"][kind]
    check(message["headers"], headers)
    if message["contentType"] == "application/json":
        check(message["payload"], json.loads(value or b""))
    assert set(headers) <= documented_headers(message)


def documented_headers(message: Mapping[str, Any]) -> set[str]:
    """Return the names of all headers that *message* is documented with."""
    schemas = asyncapi()["components"]["schemas"]
    referred = [part["$ref"].rpartition("/")[2] for part in message["headers"]["allOf"] if "$ref" in part]
    return {header for name in referred for header in schemas[name]["properties"]}


def test_the_document_is_valid_asyncapi(official_schema: dict[str, Any]) -> None:
    """The document follows the AsyncAPI 3.0 specification, by its own schema."""
    document = asyncapi()

    mistakes = list(validator_for(official_schema)(official_schema).iter_errors(document))

    assert mistakes == []


def test_the_topics_are_those_in_force() -> None:
    """The documented topics are those of the settings, and all of them."""
    settings = KafkaSettings()

    documented = {channel["address"] for channel in asyncapi()["channels"].values()}

    in_force = {
        settings.topic,
        settings.events_topic,
        *settings.request_topics,
        settings.results_topic,
        settings.dead_topic,
    }
    assert documented == in_force


def test_every_reference_leads_somewhere() -> None:
    """Each `$ref` in the document names a part of it."""
    document = asyncapi()

    dangling = [path for path in references(document) if not leads_somewhere(document, path)]

    assert dangling == []


def references(part: Any) -> list[str]:
    """Return every `$ref` below *part*."""
    if isinstance(part, list):
        return [path for item in part for path in references(item)]
    if not isinstance(part, dict):
        return []
    own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return own + [path for item in part.values() for path in references(item)]


def leads_somewhere(document: Any, path: str) -> bool:
    """Say whether the local reference *path* names a part of *document*."""
    for step in path.removeprefix("#/").split("/"):
        if step not in document:
            return False
        document = document[step]
    return True


@pytest.mark.parametrize("message", asyncapi()["components"]["messages"].values(), ids=lambda message: message["name"])
def test_the_examples_follow_the_schemas(message: dict[str, Any]) -> None:
    """Each message of ours has an example, and it is as its own schema says."""
    shown = message.get("examples", [])

    assert shown or message["name"] == "UnreadableEvent"
    for example in shown:
        check(message["payload"], example["payload"])


def test_a_request_is_as_documented() -> None:
    """What the relay sends to the processors has the payload and the headers of the document."""
    written = MESSAGES.job_requested(a_record(), at=NOON)

    check_record("JobRequested", value=written.value, headers=written.headers)


@pytest.mark.parametrize(
    "written",
    [an_end(JobState.COMPLETED), an_end(JobState.FAILED, code="damaged_image", reason="It is cut short.")],
    ids=["completed", "failed"],
)
def test_a_notification_is_as_documented(written: OutboxMessage) -> None:
    """What other systems read has the payload and the headers of the document."""
    check_record("JobNotification", value=written.value, headers=written.headers)


def test_a_job_given_up_is_as_documented() -> None:
    """The dead letter of a job has the request as its payload, and headers that say why."""
    job = a_job(state=JobState.FAILED, code="worker_lost", reason="It took too long.")

    written = MESSAGES.given_up(a_record(job=job), at=NOON)

    check_record("JobGivenUp", value=written.value, headers=written.headers)


def test_an_unreadable_record_is_as_documented() -> None:
    """The dead letter of a record that is no event has headers that say why and where it was found."""
    written = MESSAGES.unreadable(Record(b"\x00"), "not JSON", at=NOON)

    check_record("UnreadableEvent", value=written.value, headers=written.headers)


def test_a_record_of_another_kind_is_not_as_documented() -> None:
    """The check of these tests can fail: a request is not taken for a notification."""
    written = MESSAGES.job_requested(a_record(), at=NOON)

    with pytest.raises(ValidationError):
        check_record("JobNotification", value=written.value, headers=written.headers)
