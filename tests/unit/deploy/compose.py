"""The compose file as Docker Compose would read it, for the tests that look at it."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
FILE = ROOT / "docker-compose.yml"
PROFILES = ("dev", "dev-postgres", "prod", "prod-s3", "prod-postgres", "prod-postgres-s3")

_VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")

Service = Mapping[str, Any]


def services() -> dict[str, dict[str, Any]]:
    """Return every service as it is written, anchors resolved and variables not."""
    written: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))["services"]
    return written


def ours() -> dict[str, dict[str, Any]]:
    """Return the services that run our image."""
    return {name: service for name, service in services().items() if "build" in service}


def in_profile(profile: str) -> dict[str, dict[str, Any]]:
    """Return what `--profile PROFILE` starts."""
    return {name: service for name, service in services().items() if profile in service["profiles"]}


def environment(service: Service, shell: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the container of *service* is given where the shell has *shell*."""
    passed = {name: shell.get(name) if value is None else value for name, value in service["environment"].items()}
    return {name: interpolated(str(value), shell) for name, value in passed.items() if value is not None}


def interpolated(text: str, shell: Mapping[str, str]) -> str:
    """Return *text* with its `${NAME:-default}` filled in from *shell*."""
    return _VARIABLE.sub(lambda found: shell.get(found["name"]) or found["default"] or "", text)


def variables() -> Iterable[tuple[str, str | None]]:
    """Yield the name and the default of every variable that the file asks the shell for."""
    for found in _VARIABLE.finditer(FILE.read_text("utf-8")):
        yield found["name"], found["default"]
    for service in services().values():
        yield from ((name, None) for name, value in service.get("environment", {}).items() if value is None)
