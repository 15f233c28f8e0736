"""The locked requirements are those that pyproject.toml asks for: none is missing, none is outside its bounds."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
_PIN = r"(?m)^([\w.-]+)==([^\s;]+)"
EXTRAS = {"requirements.txt": ["otel"], "requirements-dev.txt": ["otel", "dev"]}


def locked(name: str) -> set[tuple[str, str]]:
    """Return the packages that the file *name* locks, with their versions: some have one for each Python."""
    text = (ROOT / name).read_text("utf-8")
    return {(canonicalize_name(package), version) for package, version in re.findall(_PIN, text)}


def wanted(name: str) -> list[Requirement]:
    """Return what pyproject.toml asks for in the file *name*."""
    optional = PROJECT["optional-dependencies"]
    asked = [*PROJECT["dependencies"], *(one for extra in EXTRAS[name] for one in optional[extra])]
    return [Requirement(one) for one in asked]


@pytest.mark.parametrize("name", EXTRAS)
def test_every_dependency_is_locked_within_its_bounds(name: str) -> None:
    """A bound that was changed without `make lock` is found."""
    pins = locked(name)

    for one in wanted(name):
        versions = [version for package, version in pins if package == canonicalize_name(one.name)]
        assert versions, one
        assert all(version in one.specifier for version in versions), one


def test_both_locks_agree() -> None:
    """What the tests run with is what runs in production."""
    assert locked("requirements.txt") <= locked("requirements-dev.txt")


@pytest.mark.parametrize("name", EXTRAS)
def test_every_locked_package_has_a_hash(name: str) -> None:
    """Each is checked when it is installed."""
    entries = re.split(r"(?m)^(?=[\w.-]+==)", (ROOT / name).read_text("utf-8"))[1:]

    assert len(entries) == len(locked(name))
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
