"""The settings that a command works with; where there are none to work with, it ends here, with what is wrong."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.logs import configure
from common.settings.loading import SettingsError, load_settings
from common.settings.model import Settings
from deploy.cli.refusing import EXIT_REFUSED, give_up
from deploy.cli.requirements import missing_for, refusal
from deploy.local.processes import lifeline


def settings_of(config: Path | None, flags: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Return the settings in force."""
    try:
        return load_settings(flags=flags or {}, environment=os.environ, file=config)
    except SettingsError as exc:
        give_up(str(exc), EXIT_REFUSED)


def settings_of_a_part(command: str, config: Path | None) -> Settings:
    """Return the settings of a part that runs alone, with its lifeline held and its log set up."""
    settings = _complete(command, settings_of(config))
    lifeline.hold(os.environ, grace_seconds=lifeline.ORPHAN_GRACE_SECONDS)
    configure(settings.server)
    return settings


def settings_beside(command: str, config: Path | None) -> Settings:
    """Return the settings in force; what they leave to `icecube up` is taken from the one that runs here."""
    settings = settings_of(config)
    announced = settings.server.data_dir / "endpoints.json"
    if missing_for(command, settings) and announced.exists():
        endpoints = json.loads(announced.read_text("utf-8"))
        embedded = {
            "ICECUBE_DATABASE_TYPE": "postgres",
            "ICECUBE_DATABASE_URI": endpoints["postgres"],
            "ICECUBE_KAFKA_BROKERS": endpoints["kafka"],
        }
        settings = load_settings(flags={}, environment={**embedded, **os.environ}, file=config)
    configure(settings.server)
    return _complete(command, settings)


def _complete(command: str, settings: Settings) -> Settings:
    if missing := missing_for(command, settings):
        give_up(refusal(command, missing), EXIT_REFUSED)
    return settings
