"""The image's own install steps make a working environment out of what the build is given, and nothing else."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
IMPORT_ALL = """
import importlib, pkgutil, sys
import common, deploy, ingest_api, processor
for package in (common, deploy, ingest_api, processor):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
print(common.__file__)
"""


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the folder as the build is given it: what .dockerignore lets in."""
    folder = tmp_path_factory.mktemp("context")
    lines = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert "*" in lines, "everything is kept out but what is named"
    for name in (line.removeprefix("!") for line in lines if line.startswith("!")):
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return folder


@pytest.fixture(scope="module")
def installed(context: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a virtual environment that the Dockerfile's steps have filled, in the Dockerfile's order."""
    venv = tmp_path_factory.mktemp("image") / "icecube"
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    for step in ("dependencies", "icecube"):
        command = ["deploy/docker/install.sh", step, str(venv)]
        done = subprocess.run(
            command, cwd=context, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    return venv


def test_dockerfile_takes_these_steps() -> None:
    """The Dockerfile installs with the script that is tested here, once for each step."""
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text("utf-8")

    for step in ("dependencies", "icecube"):
        assert dockerfile.count(f"deploy/docker/install.sh {step} /opt/icecube\n") == 1


def test_every_module_can_be_imported(installed: Path, tmp_path: Path) -> None:
    """The locked dependencies are all that our code imports, and all of our code is in the wheel."""
    command = [str(installed / "bin/python"), "-I", "-c", IMPORT_ALL]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(installed))


def test_command_runs(installed: Path, tmp_path: Path) -> None:
    """What the image starts is there, and says the version of this release."""
    done = subprocess.run(
        [str(installed / "bin/icecube"), "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert f'\nversion = "{done.stdout.strip()}"\n' in (ROOT / "pyproject.toml").read_text("utf-8")


def test_no_installer_is_left(installed: Path) -> None:
    """Who breaks in finds no pip to install with."""
    names = {path.name for path in (installed / "bin").iterdir()}

    assert "python" in names
    assert not names & {"pip", "pip3", "uv"}


def test_unknown_step_is_refused(context: Path) -> None:
    """A misspelt step fails and is named, rather than building half an image."""
    done = subprocess.run(
        ["deploy/docker/install.sh", "dependences", "/nowhere"],
        cwd=context,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "dependences" in done.stderr
