"""The children of `icecube up`: the commands of production, and how each reports that it is ready."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.processes.child import Child
from deploy.probing import answers_ready

_PROBE_SECONDS = 5
# Ignores packages of the same names in the folder where `icecube up` was started.
_PYTHON = (sys.executable, "-P", "-m")
_ICECUBE = (*_PYTHON, "deploy.cli")


def postgres_child(folder: Path, run_folder: Path, *, durable: bool) -> Child:
    """Return the keeper of the embedded PostgreSQL; its DSN is in `ready_file(run_folder, "postgres")`."""
    command = (*_PYTHON, "deploy.local.postgres.keeper", str(folder))
    return _announcing("postgres", command if durable else (*command, "--not-durable"), {}, run_folder)


def one_off_child(command: str, environment: Mapping[str, str], config: Path | None) -> Child:
    """Return `icecube COMMAND`, which runs to its end."""
    return Child(command, _icecube(command, config), environment)


def api_child(environment: Mapping[str, str], config: Path | None, *, host: str, port: int) -> Child:
    """Return the API; its `/readyz` says when it is ready."""

    async def is_ready() -> bool:
        return await asyncio.to_thread(answers_ready, host, port, patience_seconds=_PROBE_SECONDS)

    return Child("api", _icecube("api", config), environment, is_ready)


def processor_child(number: int, environment: Mapping[str, str], config: Path | None, run_folder: Path) -> Child:
    """Return a processor, ready when it has its partitions."""
    return _announcing(f"processor-{number}", _icecube("processor", config), environment, run_folder)


def ready_file(run_folder: Path, name: str) -> Path:
    """Return the file that the child *name* writes once it is ready."""
    return run_folder / f"{name}.ready"


def _icecube(command: str, config: Path | None) -> tuple[str, ...]:
    return (*_ICECUBE, command, *(("--config", str(config)) if config else ()))


def _announcing(name: str, command: tuple[str, ...], environment: Mapping[str, str], run_folder: Path) -> Child:
    file = ready_file(run_folder, name)

    async def is_ready() -> bool:
        return await asyncio.to_thread(file.exists)

    return Child(
        name,
        command,
        {**environment, "ICECUBE_READY_FILE": str(file)},
        is_ready,
        prepare=lambda: file.unlink(missing_ok=True),
    )
