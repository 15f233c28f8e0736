"""Loads the settings of a command, or ends it with what is wrong in them."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from common.logs import configure
from common.settings.loading import SettingsError, load_settings
from common.settings.model import Settings
from common.settings.unknown_variables import unknown_variables
from deploy.cli.refusing import EXIT_REFUSED, give_up
from deploy.cli.requirements import missing_for, refusal
from deploy.local.processes import lifeline


def settings_of(config: Path | None, flags: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Return the settings in force; warn of every `ICECUBE_…` variable that is no setting."""
    if lifeline.VARIABLE not in os.environ:  # a supervisor that gave us a lifeline has warned of it
        for warning in unknown_variables(os.environ):
            typer.echo(f"icecube: {warning}", err=True)
    return _load(config, os.environ, flags or {})


def settings_of_a_part(command: str, config: Path | None) -> Settings:
    """Return the settings of a part that runs alone; hold its lifeline and configure its log."""
    settings = _complete(command, settings_of(config))
    lifeline.hold(os.environ, grace_seconds=lifeline.ORPHAN_GRACE_SECONDS)
    configure(settings.server)
    return settings


def settings_beside(command: str, config: Path | None, data_dir: str | None) -> Settings:
    """Return the settings in force; the `icecube up` that runs on *data_dir* provides what they leave to it.

    It announces its addresses in `endpoints.json` in its data folder.
    """
    flags = {} if data_dir is None else {"server": {"data_dir": data_dir}}
    settings = settings_of(config, flags)
    announced = settings.server.data_dir / "endpoints.json"
    if missing := missing_for(command, settings):
        if not announced.exists():
            give_up(f"{refusal(command, missing)}\n{_nothing_runs(announced)}", EXIT_REFUSED)
        announced_variables = _read_announcement(announced, with_store=command == "gc")
        settings = _load(config, {**announced_variables, **os.environ}, flags)
    configure(settings.server)
    return _complete(command, settings)


def _read_announcement(file: Path, *, with_store: bool) -> dict[str, str]:
    try:
        endpoints = json.loads(file.read_text("utf-8"))
        announced_variables = {
            "ICECUBE_DATABASE_TYPE": "postgres",
            "ICECUBE_DATABASE_URI": endpoints["postgres"],
            "ICECUBE_KAFKA_BROKERS": endpoints["kafka"],
        }
        if with_store and "images" in endpoints:
            folder = endpoints["images"]
            # No folder means S3; its settings are not announced and must be given.
            disk = {"ICECUBE_BLOB_TYPE": "disk", "ICECUBE_BLOB_DISK_PATH": folder}
            announced_variables |= disk if folder else {"ICECUBE_BLOB_TYPE": "s3"}
    except (OSError, ValueError, KeyError, TypeError) as exc:
        give_up(f"{file} cannot be read: {exc}", EXIT_REFUSED)
    return announced_variables


def _nothing_runs(announced: Path) -> str:
    return (
        f"No `icecube up` is ready on the data folder {announced.parent.absolute()}; "
        "name another with --data-dir or ICECUBE_DATA_DIR."
    )


def _load(config: Path | None, environment: Mapping[str, str], flags: Mapping[str, Mapping[str, Any]]) -> Settings:
    try:
        return load_settings(flags=flags, environment=environment, file=config)
    except SettingsError as exc:
        give_up(str(exc), EXIT_REFUSED)


def _complete(command: str, settings: Settings) -> Settings:
    if missing := missing_for(command, settings):
        give_up(refusal(command, missing), EXIT_REFUSED)
    return settings
