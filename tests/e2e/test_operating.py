"""An operator's commands, beside a running `icecube up`."""

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from confluent_kafka import Producer

from common.settings.loading import load_settings
from tests.services.icecube import RunningIcecube

GARBAGE = b"\xff not an event of ours"


@pytest.fixture
def data_dir(icecube: RunningIcecube, tmp_path: Path) -> Path:
    """Return a data folder that announces the running Icecube, as its own does."""
    (tmp_path / "endpoints.json").write_text(json.dumps(asdict(icecube)))
    return tmp_path


def icecube_says(data_dir: Path | None, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with nothing configured but where the data folder is."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ICECUBE_", "POSTGRES_", "AWS_"))}
    environment = {**own, "ICECUBE_LOG_LEVEL": "error", "ICECUBE_KAFKA_FETCH_WAIT_MS": "20"}
    if data_dir:
        environment["ICECUBE_DATA_DIR"] = str(data_dir)
    command = [sys.executable, "-m", "deploy.cli", *words]
    return subprocess.run(command, capture_output=True, check=False, env=environment, timeout=60, text=True)


def put_garbage_on_the_jobs_topic(icecube: RunningIcecube) -> None:
    """Send what no processor can read."""
    producer = Producer({"bootstrap.servers": icecube.kafka})
    producer.produce("icecube.jobs", GARBAGE)
    assert producer.flush(30) == 0


def test_a_dead_letter_is_listed_shown_and_replayed(icecube: RunningIcecube, data_dir: Path) -> None:
    """Garbage on our topic turns up as a dead letter with its reason, and goes back where it came from when told to."""
    put_garbage_on_the_jobs_topic(icecube)

    listed = _until_listed(data_dir)
    name = listed.split()[0]
    shown = json.loads(icecube_says(data_dir, "dead", "show", name).stdout)
    replayed = icecube_says(data_dir, "dead", "replay", "--all")

    assert "unreadable_event" in listed
    assert shown["value"] == repr(GARBAGE)
    assert shown["headers"]["icecube_topic"] == "icecube.jobs"
    assert replayed.returncode == 0, replayed.stderr
    assert f"{name}: sent to icecube.jobs again" in replayed.stdout
    assert any(line.startswith("* ") for line in icecube_says(data_dir, "dead", "list").stdout.splitlines())


def _until_listed(data_dir: Path) -> str:
    for _ in range(30):
        listed = icecube_says(data_dir, "dead", "list")
        assert listed.returncode == 0, listed.stderr
        if listed.stdout.strip():
            return listed.stdout.splitlines()[0]
    pytest.fail("no dead letter turned up")


def test_a_letter_that_is_not_there_is_told(data_dir: Path) -> None:
    """One line on stderr, exit status 1."""
    result = icecube_says(data_dir, "dead", "show", "0:999999")

    assert (result.returncode, result.stderr.strip()) == (1, "icecube dead show: there is no dead letter 0:999999")


def test_gc_finds_nothing_in_a_sound_store(data_dir: Path) -> None:
    """What is younger than a day is left alone, and so nothing is found."""
    result = icecube_says(data_dir, "gc")

    assert (result.returncode, result.stdout) == (0, "")
    assert "0 found, 0 removed" in result.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("dead", "list"), "kafka.brokers (ICECUBE_KAFKA_BROKERS) is not set"),
        (("gc",), "database.type (ICECUBE_DATABASE_TYPE) is embedded"),
        (("dead", "replay"), "PARTITION:OFFSET"),
        (("dead", "replay", "0:1", "--all"), "PARTITION:OFFSET"),
        (("api-key", "a:b"), "NAME and --owner have no colon"),
        (("api-key", "me", "--scope", "root"), "'admin'"),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    """Exit status 2 and what is missing or wrong, where no Icecube runs and nothing is configured."""
    result = icecube_says(tmp_path, *words)

    assert result.returncode == 2
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_an_api_key_is_made_with_the_entry_that_lets_it_in() -> None:
    """The entry is what ICECUBE_API_KEYS takes, and does not hold the key."""
    printed = dict(line.split(None, 1) for line in icecube_says(None, "api-key", "shop").stdout.splitlines())

    access = load_settings(flags={}, environment={"ICECUBE_API_KEYS": printed["entry"]}, file=None).access
    assert access.api_keys == (printed["entry"],)
    assert re.fullmatch(r"shop:write:[0-9a-f]{64}", printed["entry"])
    assert printed["key"] not in printed["entry"]


@pytest.mark.parametrize("command", ["dead list", "gc"])
def test_the_data_folder_is_named_by_a_flag(icecube: RunningIcecube, data_dir: Path, command: str) -> None:
    """Beside `icecube up --data-dir X`, an operator names the same folder in the same way, from anywhere."""
    assert icecube.api

    result = icecube_says(None, *command.split(), "--data-dir", str(data_dir))

    assert result.returncode == 0, result.stderr
    assert re.search(r"\d+ (dead letters in|found, 0 removed)", result.stderr)
