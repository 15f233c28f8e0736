"""The command `icecube api-key`: makes keys, and edits the file of keys."""

import secrets
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer._click.core import Context
from typer.core import TyperGroup

from deploy.cli.flags import Config
from deploy.cli.refusing import EXIT_FAILED, EXIT_REFUSED, give_up

if TYPE_CHECKING:  # imported when they run, as in deploy/cli/command.py
    from common.settings.access import AccessSettings


class _ScopeName(StrEnum):
    """What a key allows."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class _NewByDefault(TyperGroup):
    """Reads `api-key NAME`, the form without subcommands, as `api-key new NAME`."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help", "-help"}:
            args = ["new", *args]
        return super().parse_args(ctx, args)


Name = Annotated[str, typer.Argument(help="Whose key it is; appears in logs.")]
ScopeName = Annotated[_ScopeName, typer.Option("--scope", "-scope", help="read, write or admin.")]
Owner = Annotated[
    str | None,
    typer.Option("--owner", "-owner", help="Whose images and jobs it sees.  [default: NAME]", show_default=False),
]

api_key = typer.Typer(help="Make, list and revoke API keys.", cls=_NewByDefault, no_args_is_help=True)


@api_key.command()
def new(name: Name, scope: ScopeName = _ScopeName.WRITE, owner: Owner = None) -> None:
    """Make a key: prints it, once, and the entry for ICECUBE_API_KEYS that lets it in."""
    key, entry = _make(name, scope, owner)
    typer.echo(f"key    {key}")
    typer.echo(f"entry  {entry}")


@api_key.command()
def add(name: Name, scope: ScopeName = _ScopeName.WRITE, owner: Owner = None, config: Config = None) -> None:
    """Make a key, write its entry to the file in ICECUBE_API_KEYS_FILE, and print the key, once."""
    from ingest_api.access.keys_file import KeysFileError, changing_lines  # noqa: PLC0415 - see deploy/cli/command.py

    path = _file(config)
    key, entry = _make(name, scope, owner)
    try:
        with changing_lines(path) as lines:
            if any(_name_in(line) == name for line in lines):
                give_up(f"icecube api-key: {path} has a key of {name}: revoke it, or choose another name", EXIT_REFUSED)
            lines.append(entry)
    except KeysFileError as exc:
        give_up(f"icecube api-key: {exc}", EXIT_FAILED)
    typer.echo(key)


@api_key.command(name="list")
def list_keys(config: Config = None) -> None:
    """List the keys in force: name, scope, owner, and where each is configured."""
    from ingest_api.access.keys_file import KeysFileError, read_entries  # noqa: PLC0415 - see deploy/cli/command.py

    access = _access(config)
    try:
        in_file = read_entries(access.api_keys_file) if access.api_keys_file else ()
    except KeysFileError as exc:
        give_up(f"icecube api-key: {exc}", EXIT_FAILED)
    for entry, place in (*((entry, "settings") for entry in access.api_keys), *((entry, "file") for entry in in_file)):
        name, scope, _, owner = (*entry.split(":"), "")[:4]
        typer.echo(f"{name:<24} {scope:<6} {owner or name:<24} {place}")


@api_key.command()
def revoke(name: Name, config: Config = None) -> None:
    """Take the key of NAME out of the file: within seconds it opens nothing."""
    from ingest_api.access.keys_file import KeysFileError, changing_lines  # noqa: PLC0415 - see deploy/cli/command.py

    path = _file(config)
    try:
        with changing_lines(path) as lines:
            if not any(_name_in(line) == name for line in lines):
                give_up(f"icecube api-key: {path} has no key of {name}", EXIT_FAILED)
            lines[:] = [line for line in lines if _name_in(line) != name]
    except KeysFileError as exc:
        give_up(f"icecube api-key: {exc}", EXIT_FAILED)


def _make(name: str, scope: _ScopeName, owner: str | None) -> tuple[str, str]:
    """Return a new key and its entry."""
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - see deploy/cli/command.py

    from common.settings.access import ApiKeyEntry  # noqa: PLC0415 - see deploy/cli/command.py
    from ingest_api.access.keys import hash_key  # noqa: PLC0415 - see deploy/cli/command.py

    key = secrets.token_urlsafe(32)
    entry = f"{name}:{scope.value}:{hash_key(key)}" + (f":{owner}" if owner and owner != name else "")
    try:
        return key, TypeAdapter[str](ApiKeyEntry).validate_python(entry)
    except ValidationError:
        give_up("icecube api-key: NAME and --owner have no colon, comma or space", EXIT_REFUSED)


def _access(config: Path | None) -> "AccessSettings":
    from deploy.cli.configured import settings_of  # noqa: PLC0415 - see deploy/cli/command.py

    return settings_of(config).access


def _file(config: Path | None) -> Path:
    path = _access(config).api_keys_file
    if path is None:
        give_up("icecube api-key: no file of keys is configured: set ICECUBE_API_KEYS_FILE", EXIT_REFUSED)
    return path


def _name_in(line: str) -> str:
    """Return whose entry *line* is; a comment is nobody's."""
    return line.strip().partition(":")[0]
