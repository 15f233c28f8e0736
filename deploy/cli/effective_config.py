"""Prints the configuration in force: every value and its source, without secrets."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.settings.loading import variables
from common.settings.model import Settings
from common.settings.postgres_uri import mask_uri


def as_json(settings: Settings, *, environment: Mapping[str, str], file: Path | None) -> str:
    """Return *settings* as the JSON of a configuration file, with the source of each value that is not a default."""
    shown: dict[str, Any] = settings.model_dump(mode="json", by_alias=True)  # masks every SecretStr
    shown["database"]["uri"] = mask_uri(settings.database.uri.get_secret_value())
    return json.dumps({**shown, "sources": _sources(settings, environment, file)}, indent=2)


def _sources(settings: Settings, environment: Mapping[str, str], file: Path | None) -> dict[str, str]:
    sources = {}
    for group, field, variable in variables():
        section = getattr(settings, group)
        if environment.get(variable):
            sources[_member(section, group, field)] = variable
        elif field in section.model_fields_set:
            sources[_member(section, group, field)] = str(file)
    return sources


def _member(section: Any, group: str, field: str) -> str:
    return f"{group}.{type(section).model_fields[field].alias or field}"
