"""The command line tells all that is wrong at once, and no secret."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.command import app

_POSTGRES = {"ICECUBE_DATABASE_TYPE": "postgres", "ICECUBE_DATABASE_URI": "postgres://me:hush@db:5432/icecube"}
_KAFKA = {"ICECUBE_KAFKA_BROKERS": "kafka:9092"}


@pytest.fixture
def environment() -> dict[str, str | None]:
    """Return changes that take every setting of ours out of the environment."""
    return {name: None for name in os.environ if name.startswith(("ICECUBE_", "AWS_", "POSTGRES_"))}


@pytest.mark.parametrize("command", ["up", "api", "processor", "migrate", "topics", "config"])
def test_every_mistake_is_told_at_once(command: str, environment: dict[str, str | None]) -> None:
    """Wrong settings stop every command with status 2, each named by variable and file member."""
    environment |= {"ICECUBE_SERVER_PORT": "much", "ICECUBE_BLOB_TYPE": "tape"}

    result = CliRunner().invoke(app, [command], env=environment)

    assert result.exit_code == 2
    assert "server.port (ICECUBE_SERVER_PORT)" in result.stderr
    assert "blob.type (ICECUBE_BLOB_TYPE)" in result.stderr


@pytest.mark.parametrize("command", ["up", "api", "processor", "migrate", "topics", "config"])
@pytest.mark.parametrize("flag", ["-config", "--config"])
def test_a_named_file_must_exist(command: str, flag: str, environment: dict[str, str | None]) -> None:
    """With one dash or two, a configuration file that is not there is an error that names it."""
    result = CliRunner().invoke(app, [command, flag, "missing.json"], env=environment)

    assert result.exit_code == 2
    assert "-config missing.json: No such file or directory" in result.stderr


def test_a_configuration_file_without_a_command_is_told_which_there_are(environment: dict[str, str | None]) -> None:
    """The Go service was started as `icecube -config FILE`."""
    result = CliRunner().invoke(app, ["-config", "any.json"], env=environment)

    assert result.exit_code == 2
    assert "name a command: `icecube up` runs everything" in result.stderr


@pytest.mark.parametrize(
    ("command", "configured", "missing"),
    [
        ("api", {}, ["database.type", "kafka.brokers"]),
        ("api", {"ICECUBE_BLOB_TYPE": "memory"}, ["database.type", "kafka.brokers", "blob.type"]),
        ("api", {**_POSTGRES, "ICECUBE_BLOB_TYPE": "memory"}, ["kafka.brokers", "blob.type"]),
        ("processor", {}, ["kafka.brokers"]),
        ("processor", {**_KAFKA, "ICECUBE_BLOB_TYPE": "memory"}, ["blob.type"]),
        ("migrate", {"ICECUBE_DATABASE_TYPE": "memory"}, ["database.type"]),
        ("topics", _POSTGRES, ["kafka.brokers"]),
    ],
)
def test_a_part_alone_names_all_it_needs(
    command: str, configured: dict[str, str], missing: list[str], environment: dict[str, str | None]
) -> None:
    """A part that runs alone says everything it lacks, nothing it has, and who provides it."""
    result = CliRunner().invoke(app, [command], env=environment | configured)
    told = [line.split()[0] for line in result.stderr.splitlines() if line.startswith("  ")]

    assert result.exit_code == 2
    assert told == missing
    assert "`icecube up` provides" in result.stderr


def test_more_processors_need_a_real_kafka(environment: dict[str, str | None], tmp_path: Path) -> None:
    """Two processors on the embedded broker are refused before anything is made or started."""
    command = ["up", "--processors", "2", "--data-dir", str(tmp_path / "data")]

    result = CliRunner().invoke(app, command, env=environment)

    assert result.exit_code == 2
    assert "--processors 2" in result.stderr
    assert "ICECUBE_KAFKA_BROKERS" in result.stderr
    assert not (tmp_path / "data").exists()


def test_config_shows_everything_but_secrets(environment: dict[str, str | None], tmp_path: Path) -> None:
    """The configuration in force is printed with its sources, by file member, and with every secret masked."""
    file = tmp_path / "icecube.json"
    file.write_text(json.dumps({"server": {"port": 4000, "maxWorkers": 3}, "database": {"password": "hush"}}))
    environment |= {**_POSTGRES, "ICECUBE_SERVER_PORT": "4001", "AWS_SECRET_ACCESS_KEY": "hush"}

    result = CliRunner().invoke(app, ["config", "-config", str(file)], env=environment)
    shown = json.loads(result.stdout)

    assert "hush" not in result.output
    assert shown["database"]["uri"] == "postgres://me:***@db:5432/icecube"
    assert shown["server"]["port"] == 4001
    assert shown["server"]["maxWorkers"] == 3
    assert shown["sources"]["server.port"] == "ICECUBE_SERVER_PORT"
    assert shown["sources"]["server.maxWorkers"] == str(file)
    assert "kafka.topic" not in shown["sources"]


def test_version_is_that_of_the_package() -> None:
    """`icecube --version` prints the version and nothing else."""
    result = CliRunner().invoke(app, ["--version"])

    assert result.exit_code == 0
    assert result.stdout.strip().count(".") == 2


def test_convert_pays_for_no_service() -> None:
    """The command line that leads to `convert` imports neither the web, Kafka nor database libraries."""
    heavy = ["faust", "fastapi", "uvicorn", "aiokafka", "asyncpg", "confluent_kafka", "aiobotocore"]
    script = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from deploy.cli.command import app\n"
        "result = CliRunner().invoke(app, ['convert', 'no-such-file.jpg'])\n"
        "assert result.exit_code == 1, result.output\n"
        f"print([name for name in {heavy} if name in sys.modules])\n"
    )

    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"
