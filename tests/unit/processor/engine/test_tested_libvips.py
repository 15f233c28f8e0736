"""Only the libvips that the engine was tested with may process images."""

import base64
import hashlib
import os
import subprocess
import sys
import tomllib
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from processor.engine.tested_libvips import TESTED, is_module_of, require_tested_libvips

ROOT = Path(__file__).parents[4]


@pytest.fixture
def package(tmp_path: Path) -> Distribution:
    """Return an installed package that brought `_libvips.abi3.so`."""
    (tmp_path / "_libvips.abi3.so").write_bytes(b"linked to the tested libvips")
    digest = hashlib.sha256(b"linked to the tested libvips").digest()
    recorded = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    info = tmp_path / "pyvips_binary-8.18.7.dist-info"
    info.mkdir()
    (info / "RECORD").write_text(f"_libvips.abi3.so,sha256={recorded},28\n", "utf-8")
    return Distribution.at(info)


def module_at(path: Path) -> ModuleSpec:
    """Return what Python says of the module that it found at *path*."""
    return ModuleSpec("_libvips", None, origin=str(path))


def test_this_environment_has_the_tested_libvips() -> None:
    """The tests run with the libvips that is promised."""
    require_tested_libvips()


def test_module_as_it_was_brought_is_accepted(package: Distribution, tmp_path: Path) -> None:
    """What pyvips-binary installed is what is wanted."""
    assert is_module_of(package, module_at(tmp_path / "_libvips.abi3.so"))


def test_module_that_was_compiled_over_it_is_refused(package: Distribution, tmp_path: Path) -> None:
    """A module of the same name in the same place is told from the one that was there."""
    (tmp_path / "_libvips.abi3.so").write_bytes(b"linked to the system's libvips")

    assert not is_module_of(package, module_at(tmp_path / "_libvips.abi3.so"))


def test_module_that_is_found_before_it_is_refused(package: Distribution, tmp_path: Path) -> None:
    """A module that Python prefers counts, not the one that lies untouched beside it."""
    (tmp_path / "_libvips.cpython-311-x86_64-linux-gnu.so").write_bytes(b"linked to the tested libvips")

    assert not is_module_of(package, module_at(tmp_path / "_libvips.cpython-311-x86_64-linux-gnu.so"))


def test_no_module_is_refused(package: Distribution) -> None:
    """Without a module pyvips takes any libvips that the system finds."""
    assert not is_module_of(package, None)


@pytest.mark.parametrize(("command", "status"), [(["processor"], 2), (["up"], 2), (["convert", "a.png"], 1)])
def test_commands_that_process_images_refuse(command: list[str], status: int, tmp_path: Path) -> None:
    """Each says at once what is wrong and what to run, before it starts or writes anything."""
    (tmp_path / "_libvips.py").touch()
    (tmp_path / "a.png").touch()
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "ICECUBE_KAFKA_BROKERS": "127.0.0.1:1"}

    ended = subprocess.run(
        [sys.executable, "-m", "deploy.cli", *command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == status, ended.stderr
    assert ended.stderr.startswith(f"icecube {command[0]}: pyvips would load another libvips than the tested one, 8.18")
    assert "`make clean build`" in ended.stderr
    assert "PKG_CONFIG=false" in ended.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["_libvips.py", "a.png"]


def test_requirement_allows_no_other() -> None:
    """What pip may install is what is accepted at start."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [Requirement(line) for line in project["dependencies"]]
    (binary,) = [one.specifier for one in wanted if one.name == "pyvips-binary"]

    assert f"{TESTED}.0" in binary
    assert f"{TESTED}.99" in binary
    assert "8.17.9" not in binary
    assert "8.19.0" not in binary
