"""Where settings come from, and how mistakes are told."""

import json
from pathlib import Path
from typing import Any

import pytest

from common.settings.groups import DatabaseSettings
from common.settings.loading import SettingsError, load_settings, variables
from common.settings.model import Settings
from common.settings.postgres_uri import mask_uri

PROMISED = {
    "ICECUBE_SERVER_PORT": ("server", "port"),
    "ICECUBE_SERVER_MAX_WORKERS": ("server", "max_workers"),
    "ICECUBE_LOG_LEVEL": ("server", "log_level"),
    "ICECUBE_DATABASE_TYPE": ("database", "type"),
    "ICECUBE_DATABASE_URI": ("database", "uri"),
    "POSTGRES_USER": ("database", "user"),
    "POSTGRES_PASSWORD": ("database", "password"),
    "POSTGRES_DB": ("database", "name"),
    "ICECUBE_BLOB_TYPE": ("blob", "type"),
    "ICECUBE_BLOB_DISK_PATH": ("blob", "disk_path"),
    "ICECUBE_BLOB_S3_BUCKET": ("blob", "bucket"),
    "ICECUBE_BLOB_S3_REGION": ("blob", "region"),
    "ICECUBE_BLOB_S3_ENDPOINT": ("blob", "endpoint"),
    "AWS_ACCESS_KEY_ID": ("blob", "access_key_id"),
    "AWS_SECRET_ACCESS_KEY": ("blob", "secret_access_key"),
    "ICECUBE_KAFKA_BROKERS": ("kafka", "brokers"),
    "ICECUBE_KAFKA_TOPIC": ("kafka", "topic"),
}
PROMISED_MEMBERS = {
    "server": ["port", "maxWorkers", "logLevel"],
    "database": ["type", "uri"],
    "blob": ["type", "diskPath", "bucket", "region", "endpoint"],
    "kafka": ["brokers", "topic"],
}


def loaded(
    *,
    flags: dict[str, dict[str, Any]] | None = None,
    environment: dict[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """Return the settings of these sources alone."""
    return load_settings(flags=flags or {}, environment=environment or {}, file=file)


def a_file(folder: Path, content: object) -> Path:
    """Return a configuration file."""
    path = folder / "icecube.json"
    path.write_text(json.dumps(content))
    return path


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    """Each source overrides those after it, setting by setting."""
    file = a_file(tmp_path, {"server": {"port": 1, "maxWorkers": 1, "logLevel": "warn"}})
    environment = {"ICECUBE_SERVER_PORT": "2", "ICECUBE_SERVER_MAX_WORKERS": "2"}

    server = loaded(flags={"server": {"port": 3}}, environment=environment, file=file).server

    assert (server.port, server.max_workers, server.log_level, server.host) == (3, 2, "warn", "127.0.0.1")


@pytest.mark.parametrize(("variable", "place"), PROMISED.items())
def test_every_promised_variable_is_read(variable: str, place: tuple[str, str]) -> None:
    """The names that deployments already use stay."""
    assert {name: (group, field) for group, field, name in variables()}[variable] == place


def test_every_promised_member_of_the_file_is_read(tmp_path: Path) -> None:
    """The configuration files that deployments already have stay valid."""
    values = {"port": 1, "maxWorkers": 2, "logLevel": "error", "diskPath": "x", "uri": "postgres://h/d"}
    types = {"database": "postgres", "blob": "disk"}
    content = {
        section: {member: types[section] if member == "type" else values.get(member, "x") for member in members}
        for section, members in PROMISED_MEMBERS.items()
    }

    settings = loaded(file=a_file(tmp_path, content))

    assert settings.server.max_workers == 2
    assert settings.blob.disk_path == Path("x")


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """Wrong values, unknown members and missing ones from every source, each by its names, in one message."""
    file = a_file(
        tmp_path, {"server": {"maxWorkers": "many", "colour": "red"}, "kafak": {}, "database": {"type": "postgres"}}
    )

    with pytest.raises(SettingsError) as raised:
        loaded(environment={"ICECUBE_BLOB_TYPE": "s3", "ICECUBE_LOG_LEVEL": "loud"}, file=file)

    message = str(raised.value)
    for told in (
        "server.maxWorkers (ICECUBE_SERVER_MAX_WORKERS)",
        "server.logLevel (ICECUBE_LOG_LEVEL)",
        "server.colour: no such setting",
        "kafak: no such setting",
        "database.uri (ICECUBE_DATABASE_URI) is required",
        "blob.bucket (ICECUBE_BLOB_S3_BUCKET) and blob.region (ICECUBE_BLOB_S3_REGION) required",
    ):
        assert told in message
    assert len(message.splitlines()) == 6


def test_no_mistake_shows_a_secret() -> None:
    """What was given for a secret is not repeated."""
    with pytest.raises(SettingsError) as raised:
        loaded(environment={"ICECUBE_API_KEYS": "me:write:hush", "ICECUBE_BLOB_TYPE": "tape"})

    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "word"), [("nope", "not JSON"), ("[]", "sections"), ('{"server": 3331}', "sections")]
)
def test_a_file_that_is_no_configuration_is_told(tmp_path: Path, content: str, word: str) -> None:
    """The message names the file and what it should be."""
    path = tmp_path / "icecube.json"
    path.write_text(content)

    with pytest.raises(SettingsError, match=word) as raised:
        loaded(file=path)

    assert str(path) in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A file that was named must exist."""
    with pytest.raises(SettingsError, match="No such file"):
        loaded(file=tmp_path / "missing.json")


@pytest.mark.parametrize("name", ["a topic", "..", "t" * 250, "jobs/1", "größe"])
def test_a_topic_is_named_as_kafka_takes_it(name: str) -> None:
    """Found at the start, not by events that wait for ever for a topic that cannot be made."""
    with pytest.raises(SettingsError, match=r"kafka\.jobsTopic \(ICECUBE_KAFKA_JOBS_TOPIC\): must be letters"):
        loaded(environment={"ICECUBE_KAFKA_JOBS_TOPIC": name})


def test_signing_keys_are_long_and_never_shown() -> None:
    """A short key can be guessed; the mistake is told without the key."""
    long, short = "l" * 32, "guessme"

    kafka = loaded(environment={"ICECUBE_KAFKA_SIGNING_KEYS": f"{long}, {long}2"}).kafka

    assert kafka.signing_key_list == (long.encode(), f"{long}2".encode())
    assert long not in repr(kafka)
    with pytest.raises(SettingsError, match="32 characters") as told:
        loaded(environment={"ICECUBE_KAFKA_SIGNING_KEYS": f"{long},{short}"})
    assert short not in str(told.value)


def test_an_empty_variable_counts_as_absent() -> None:
    """Compose passes a variable that is not set as an empty one."""
    assert loaded(environment={"ICECUBE_SERVER_PORT": "", "ICECUBE_KAFKA_TOPIC": ""}) == Settings()


@pytest.mark.parametrize(
    ("uri", "completed"),
    [
        ("postgres://db/icecube", "postgres://me:p%40ss@db/icecube"),
        ("postgres://db", "postgres://me:p%40ss@db/pictures"),
        ("postgres://you:own@db:1/d?sslmode=require", "postgres://you:own@db:1/d?sslmode=require"),
        ("postgres://you@db/d", "postgres://you:p%40ss@db/d"),
        ("postgresql:///d?host=/run/pg", "postgresql://me:p%40ss@/d?host=/run/pg"),
    ],
)
def test_a_uri_is_completed_from_its_parts(uri: str, completed: str) -> None:
    """POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB fill what the URI leaves out, and only that."""
    settings = DatabaseSettings.model_validate(
        {"type": "postgres", "uri": uri, "user": "me", "password": "p@ss", "name": "pictures"}
    )

    assert settings.dsn == completed


@pytest.mark.parametrize(
    ("uri", "masked"),
    [
        ("postgres://me:hush@db:5432/d?sslmode=require", "postgres://me:***@db:5432/d?sslmode=require"),
        ("postgres://me@db/d", "postgres://me@db/d"),
        (
            "postgres://db/d?user=me&password=hush&sslmode=require",
            "postgres://db/d?user=me&password=***&sslmode=require",
        ),
    ],
)
def test_a_masked_uri_holds_no_password(uri: str, masked: str) -> None:
    """Wherever the password stands, it is stars when shown."""
    assert mask_uri(uri) == masked
