"""The commands of an operator: dead letters and garbage. Each also works beside a running `icecube up`."""

import json
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deploy.cli.flags import Config, DataDirOfUp
from deploy.cli.refusing import EXIT_FAILED, EXIT_REFUSED, give_up

if TYPE_CHECKING:  # imported when they run, as in deploy/cli/command.py
    from common.settings.model import Settings
    from ingest_api.upkeep.dead_letters import DeadLetter, DeadLetterTopic, Replay

Name = Annotated[str, typer.Argument(metavar="PARTITION:OFFSET", help="The letter, as `icecube dead list` names it.")]

dead = typer.Typer(help="Look at events that could not be handled, and replay them.", no_args_is_help=True)


@dead.command(name="list")
def list_letters(config: Config = None, data_dir: DataDirOfUp = None) -> None:
    """List the dead letters, the oldest first; a star marks those that `replay --all` has sent."""
    _run("dead list", config, data_dir, _list)


@dead.command()
def show(name: Name, config: Config = None, data_dir: DataDirOfUp = None) -> None:
    """Print a dead letter whole, as JSON."""
    _run("dead show", config, data_dir, lambda settings: _show(settings, name))


@dead.command()
def replay(
    name: Annotated[str | None, typer.Argument(metavar="[PARTITION:OFFSET]")] = None,
    everything: Annotated[bool, typer.Option("--all", "-all", help="Every letter not replayed so far.")] = False,  # noqa: FBT002 - a flag
    config: Config = None,
    data_dir: DataDirOfUp = None,
) -> None:
    """Send a dead letter again: a job that was given up becomes a new job."""
    if (name is None) == (not everything):
        give_up("icecube dead replay: name one letter as PARTITION:OFFSET, or say --all", EXIT_REFUSED)
    _run("dead replay", config, data_dir, lambda settings: _replay(settings, name))


def gc(
    delete: Annotated[bool, typer.Option("--delete", "-delete", help="Remove what is found.")] = False,  # noqa: FBT002 - a flag
    older_than_hours: Annotated[
        float, typer.Option("--older-than-hours", "-older-than-hours", min=1, help="Leave alone what is younger.")
    ] = 24,
    config: Config = None,
    data_dir: DataDirOfUp = None,
) -> None:
    """Find blobs without a row and rows without a blob; remove them with --delete."""
    _run(
        "gc",
        config,
        data_dir,
        lambda settings: _gc(settings, remove=delete, older_than=timedelta(hours=older_than_hours)),
    )


def _run(
    command: str, config: Path | None, data_dir: str | None, work: Callable[["Settings"], Coroutine[Any, Any, None]]
) -> None:
    """Run *work* with the settings in force; report an outage in one line."""
    import asyncio  # noqa: PLC0415 - see deploy/cli/command.py

    from common.blob_store import BlobStoreUnavailableError  # noqa: PLC0415 - see deploy/cli/command.py
    from common.kafka.clients import KafkaError  # noqa: PLC0415 - see deploy/cli/command.py
    from deploy.cli.configured import settings_beside  # noqa: PLC0415 - see deploy/cli/command.py
    from ingest_api.job_store import JobStoreUnavailableError  # noqa: PLC0415 - see there
    from ingest_api.job_store.migrating import SchemaVersionError  # noqa: PLC0415 - see there
    from ingest_api.upkeep.dead_letters import NotReplayableError  # noqa: PLC0415 - see there

    settings = settings_beside(command, config, data_dir)
    outages = (BlobStoreUnavailableError, JobStoreUnavailableError, KafkaError, SchemaVersionError, OSError)
    try:
        asyncio.run(work(settings))
    except (*outages, NotReplayableError, LookupError) as exc:
        give_up(f"icecube {command}: {exc}", EXIT_FAILED)


async def _list(settings: "Settings") -> None:
    from ingest_api.upkeep.dead_letters import open_dead_letters  # noqa: PLC0415 - see deploy/cli/command.py

    count = 0
    async with open_dead_letters(settings.kafka) as topic:
        async for letter in topic.read_letters():
            typer.echo(_line(letter))
            count += 1
    typer.echo(f"{count} dead letters in {settings.kafka.dead_topic}", err=True)


def _line(letter: "DeadLetter") -> str:
    star = "*" if letter.was_replayed else " "
    return f"{star} {letter.name:<8} {letter.put_aside_at:%Y-%m-%d %H:%M:%S}  {letter.summary}"


async def _show(settings: "Settings", name: str) -> None:
    from ingest_api.upkeep.dead_letters import open_dead_letters  # noqa: PLC0415 - see deploy/cli/command.py

    async with open_dead_letters(settings.kafka) as topic:
        letter = await _find_letter(topic, name)
    shown = {
        "partition": letter.partition,
        "offset": letter.offset,
        "putAsideAt": letter.put_aside_at.isoformat(),
        "headers": dict(letter.headers),
        "key": (letter.key or b"").decode("utf-8", "replace"),
        "value": letter.request.model_dump(mode="json") if letter.request else repr(letter.value),
    }
    typer.echo(json.dumps(shown, indent=2))


async def _find_letter(topic: "DeadLetterTopic", name: str) -> "DeadLetter":
    async for letter in topic.read_letters():
        if letter.name == name:
            return letter
    message = f"there is no dead letter {name}"
    raise LookupError(message)


async def _replay(settings: "Settings", name: str | None) -> None:
    from ingest_api.upkeep.dead_letters import (  # noqa: PLC0415 - see deploy/cli/command.py
        NotReplayableError,
        open_dead_letters,
    )

    async with AsyncExitStack() as stack:
        topic = await stack.enter_async_context(open_dead_letters(settings.kafka))
        replaying = await _open_replay(settings, stack)
        if name is not None:
            typer.echo(f"{name}: {await replaying.of(await _find_letter(topic, name))}")
            return
        left = 0
        for letter in [letter async for letter in topic.read_letters() if not letter.was_replayed]:
            try:
                typer.echo(f"{letter.name}: {await replaying.of(letter)}")
            except NotReplayableError as exc:
                left += 1
                typer.echo(f"{letter.name}: not replayed: {exc}", err=True)
            await topic.mark_replayed(letter)
        if left:
            message = f"{left} dead letters cannot be replayed"
            raise NotReplayableError(message)


async def _open_replay(settings: "Settings", stack: AsyncExitStack) -> "Replay":
    from common.kafka.clients import open_producer  # noqa: PLC0415 - see deploy/cli/command.py
    from ingest_api.intake.jobs import JobIntake  # noqa: PLC0415 - see there
    from ingest_api.job_store.postgres import PostgresJobStore  # noqa: PLC0415 - see there
    from ingest_api.life_cycle.messages import Messages  # noqa: PLC0415 - see there
    from ingest_api.services import open_database, utc_now  # noqa: PLC0415 - see there
    from ingest_api.upkeep.dead_letters import Replay  # noqa: PLC0415 - see there

    jobs = PostgresJobStore(await stack.enter_async_context(open_database(settings)))
    # The relay of a running API sends what is committed here.
    intake = JobIntake(jobs, Messages(settings.kafka), settings.limits, utc_now)
    return Replay(intake, await stack.enter_async_context(open_producer(settings.kafka)), settings.kafka)


async def _gc(settings: "Settings", *, remove: bool, older_than: timedelta) -> None:
    from common.blob_store.opening import open_blob_store  # noqa: PLC0415 - see deploy/cli/command.py
    from ingest_api.job_store.inventory import PostgresInventory  # noqa: PLC0415 - see there
    from ingest_api.services import open_database  # noqa: PLC0415 - see there
    from ingest_api.upkeep.gc import GarbageCollector  # noqa: PLC0415 - see there

    async with open_database(settings) as pool, open_blob_store(settings) as blobs:
        collector = GarbageCollector(PostgresInventory(pool), blobs)
        findings = await collector.collect(before=datetime.now(UTC) - older_than, remove=remove)
    for kind, ids in (
        ("blob without a row", findings.blobs_without_row),
        ("row without a blob", findings.rows_without_blob),
    ):
        for found in ids:
            typer.echo(f"{kind}  {found}  {'removed' if found in findings.removed else 'left'}")
    count = len(findings.blobs_without_row) + len(findings.rows_without_blob)
    hint = "; --delete removes them" if count and not remove else ""
    typer.echo(f"{count} found, {len(findings.removed)} removed{hint}", err=True)
