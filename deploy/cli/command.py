"""The command line, `icecube`: reads the configuration, then runs the requested part.

Each part is imported when it is about to run, so that none pays for the libraries of another.
"""

import os
from collections.abc import Mapping
from importlib import metadata
from typing import Annotated, Any

import typer

from deploy.cli.api_keys import api_key
from deploy.cli.flags import Config, DataDir
from deploy.cli.operating import dead, gc
from deploy.cli.refusing import EXIT_FAILED, EXIT_REFUSED, give_up
from processor.convert.command import ConvertCommand, convert

Port = Annotated[
    int | None,
    typer.Option("--port", "-port", help="Port of the API; 0 picks a free one.  [default: 3331]", show_default=False),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", "-workers", help="Image processes of a processor.  [default: the cores]", show_default=False
    ),
]
Processors = Annotated[
    int, typer.Option("--processors", "-processors", min=1, help="Processors; more than one need a real Kafka.")
]

# Plain tracebacks: the pretty ones show local variables, which may hold passwords.
app = typer.Typer(
    help="Image processing as a service.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-help", "-h"]},
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - a flag's value
    if wanted:
        typer.echo(metadata.version("icecube"))
        raise typer.Exit


def _require_tested_libvips(command: str) -> None:
    from processor.engine.tested_libvips import (  # noqa: PLC0415 - see module
        UntestedLibvipsError,
        require_tested_libvips,
    )

    try:
        require_tested_libvips()
    except UntestedLibvipsError as exc:
        give_up(f"icecube {command}: {exc}", EXIT_REFUSED)


Version = Annotated[
    bool,
    typer.Option("--version", "-version", help="Show the version and exit.", callback=_show_version, is_eager=True),
]


@app.callback(invoke_without_command=True)
def _icecube(
    context: typer.Context,
    config: Config = None,
    version: Version = False,  # noqa: ARG001, FBT002 - its callback does it; typer passes by name
) -> None:
    if context.invoked_subcommand is None:  # as the Go service was started
        give_up("icecube: name a command: `icecube up` runs everything, `icecube -h` lists the others.", EXIT_REFUSED)
    if config is not None:  # named before the command, it is as good as after it
        context.default_map = _for_every_command(app, {"config": str(config)})


def _for_every_command(group: typer.Typer, flags: Mapping[str, str]) -> dict[str, Any]:
    """Return *flags* as the defaults of every command of *group*, and of the groups in it."""
    commands = group.registered_commands
    names = [command.name or getattr(command.callback, "__name__", "") for command in commands]
    return dict.fromkeys(names, flags) | {
        inner.name or "": _for_every_command(inner.typer_instance, flags)
        for inner in group.registered_groups
        if inner.typer_instance is not None
    }


@app.command()
def up(
    config: Config = None,
    port: Port = None,
    data_dir: DataDir = None,
    workers: Workers = None,
    processors: Processors = 1,
) -> None:
    """Run everything on this machine, with nothing else installed; Ctrl-C stops it."""
    from common.logs import configure  # noqa: PLC0415 - see module
    from deploy.cli.configured import settings_of  # noqa: PLC0415 - see module
    from deploy.local.plan import UpError, UpRefusedError  # noqa: PLC0415 - see module
    from deploy.local.up import run  # noqa: PLC0415 - see module

    flags = {"port": port, "data_dir": data_dir, "max_workers": workers}
    settings = settings_of(config, {"server": {name: value for name, value in flags.items() if value is not None}})
    configure(settings.server)
    _require_tested_libvips("up")
    try:
        raise typer.Exit(run(settings, config=config, processors=processors))
    except UpRefusedError as exc:
        give_up(f"icecube up: {exc}", EXIT_REFUSED)
    except UpError as exc:
        give_up(f"icecube up: {exc}", EXIT_FAILED)


@app.command()
def api(config: Config = None) -> None:
    """Serve the REST API."""
    from deploy.cli.configured import settings_of_a_part  # noqa: PLC0415 - see module

    settings = settings_of_a_part("api", config)
    from ingest_api.server import run  # noqa: PLC0415 - see module

    try:
        raise typer.Exit(run(settings))
    except OSError as exc:
        give_up(f"icecube api: {exc.strerror or exc}", EXIT_FAILED)


@app.command()
def processor(config: Config = None) -> None:
    """Process the jobs that wait on Kafka."""
    from deploy.cli.configured import settings_of_a_part  # noqa: PLC0415 - see module

    settings = settings_of_a_part("processor", config)
    _require_tested_libvips("processor")
    from processor.worker import run  # noqa: PLC0415 - see module

    try:
        raise typer.Exit(run(settings))
    except OSError as exc:
        give_up(f"icecube processor: {exc.strerror or exc}", EXIT_FAILED)


@app.command()
def migrate(config: Config = None) -> None:
    """Bring the database to the schema of this release."""
    from deploy.cli.configured import settings_of_a_part  # noqa: PLC0415 - see module

    settings = settings_of_a_part("migrate", config)
    from asyncpg import PostgresError  # noqa: PLC0415 - see module

    from ingest_api.job_store.migrating import MigrationError, run  # noqa: PLC0415 - see module

    try:
        raise typer.Exit(run(settings))
    except (MigrationError, PostgresError, OSError) as exc:
        give_up(f"icecube migrate: {exc}", EXIT_FAILED)


@app.command()
def topics(config: Config = None) -> None:
    """Create the Kafka topics that do not exist yet."""
    from deploy.cli.configured import settings_of_a_part  # noqa: PLC0415 - see module

    settings = settings_of_a_part("topics", config)
    import asyncio  # noqa: PLC0415 - see module

    from common.kafka.clients import KafkaError  # noqa: PLC0415 - see module
    from common.kafka.topics import create_topics  # noqa: PLC0415 - see module

    try:
        asyncio.run(create_topics(settings.kafka))
    except KafkaError as exc:
        give_up(f"icecube topics: {exc}", EXIT_FAILED)


app.command(cls=ConvertCommand)(convert)
app.add_typer(dead, name="dead")
app.command()(gc)
app.add_typer(api_key, name="api-key")


@app.command(name="config")
def show_config(config: Config = None) -> None:
    """Print the configuration in force as JSON, secrets masked."""
    from deploy.cli.configured import settings_of  # noqa: PLC0415 - see module
    from deploy.cli.effective_config import as_json  # noqa: PLC0415 - see module

    typer.echo(as_json(settings_of(config), environment=os.environ, file=config))
