"""The image is built from what it needs, runs without root, and says truly whether it is well."""

import re
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import typer.main

from common.settings.loading import load_settings
from common.settings.loading import variables as all_settings
from common.settings.model import Settings
from deploy.cli.command import app
from deploy.docker.health import PATIENCE_SECONDS
from deploy.local.ports import LOOPBACK, free_ports
from deploy.probing import answers_ready

ROOT = Path(__file__).parents[3]
DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
LINES = DOCKERFILE.read_text("utf-8").replace("\\\n", " ").splitlines()


def instructions(keyword: str) -> list[str]:
    """Return the arguments of every *keyword* in the final stage of the Dockerfile."""
    last = max(number for number, line in enumerate(LINES) if line.startswith("FROM"))
    return [line.removeprefix(keyword).strip() for line in LINES[last:] if line.startswith(f"{keyword} ")]


def environment() -> dict[str, str]:
    """Return the variables that the image sets."""
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(instructions("ENV"))))


@contextmanager
def answering(status: HTTPStatus) -> Iterator[int]:
    """Run a server that answers /readyz with *status* and all else with 404; yield its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else HTTPStatus.NOT_FOUND)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_dockerfile_has_nothing_to_complain_of() -> None:
    """Hadolint finds nothing, beyond what the file explains away."""
    command = [str(Path(sysconfig.get_path("scripts")) / "hadolint"), str(DOCKERFILE)]

    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout


def test_image_runs_the_python_that_the_tests_run_on() -> None:
    """What is tested is what runs."""
    image = re.search(r"^ARG PYTHON_IMAGE=python:(\d+\.\d+)\.\d+-slim-", DOCKERFILE.read_text("utf-8"), re.MULTILINE)

    assert image
    assert image[1] == f"{sys.version_info.major}.{sys.version_info.minor}"


def test_every_stage_is_built_from_the_image_that_is_named_once() -> None:
    """Who pins the base image by its digest pins it for all stages."""
    stages = [line.split()[1] for line in LINES if line.startswith("FROM")]

    assert stages == ["${PYTHON_IMAGE}", "${PYTHON_IMAGE}"]


def test_image_runs_as_nobody_special() -> None:
    """The user is a number other than root's, so that Kubernetes can see it."""
    (user,) = instructions("USER")

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)


def test_image_sets_valid_settings() -> None:
    """The image's variables are settings; in a container the API listens for others, on the port that is exposed."""
    names = {name for _, _, name in all_settings()}
    settings = load_settings(flags={}, environment=environment(), file=None)

    assert {name for name in environment() if name.startswith("ICECUBE_")} <= names
    assert settings.server.host == "0.0.0.0"  # noqa: S104 - what a container must listen on
    assert settings.server.port == Settings().server.port
    assert settings.server.metrics_port == Settings().server.metrics_port
    assert instructions("EXPOSE") == [f"{settings.server.port} {settings.server.metrics_port}"]
    assert [str(settings.server.data_dir)] == instructions("VOLUME") == instructions("WORKDIR")


def test_default_command_exists() -> None:
    """The image runs `icecube`, and by default a command that it has."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group, as it has commands

    assert instructions("ENTRYPOINT") == ['["icecube"]']
    assert instructions("CMD")[0].strip('["]') in commands


@pytest.mark.parametrize(("status", "ready"), [(HTTPStatus.OK, True), (HTTPStatus.SERVICE_UNAVAILABLE, False)])
def test_is_ready_when_told_so(status: HTTPStatus, ready: bool) -> None:  # noqa: FBT001 - parametrized
    """A process is well exactly when its /readyz says so."""
    with answering(status) as port:
        answer = answers_ready("127.0.0.1", port, patience_seconds=PATIENCE_SECONDS)

    assert answer is ready


def test_silence_is_not_ready() -> None:
    """Where nothing listens, nothing is well."""
    (port,) = free_ports(1)

    assert answers_ready("127.0.0.1", port, patience_seconds=PATIENCE_SECONDS) is False


def test_health_check_is_the_command_of_the_image() -> None:
    """The image's check asks at the API's port, and tells the answer as an exit status."""
    python, *words, asked = re.findall(r'"([^"]+)"', instructions("HEALTHCHECK")[0])

    with answering(HTTPStatus.OK) as port:
        well = subprocess.run([sys.executable, *words, str(port)], check=False)
    unwell = subprocess.run([sys.executable, *words, str(port)], check=False)

    assert (python, asked) == ("python", str(Settings().server.port))
    assert (well.returncode, unwell.returncode) == (0, 1)
