"""Loads settings from flags, environment and file, in that order of precedence; reports all mistakes together."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from common.settings.base import SettingsGroup, env_name
from common.settings.model import Settings

Sections = dict[str, dict[str, Any]]


class SettingsError(Exception):
    """The configuration is wrong; the message lists every mistake on a line of its own."""


def load_settings(
    *, flags: Mapping[str, Mapping[str, Any]], environment: Mapping[str, str], file: Path | None
) -> Settings:
    """Return the settings in force; raise `SettingsError` naming every mistake by variable and file member.

    An empty environment variable counts as absent: compose files pass unset variables as empty.
    """
    merged = _from_file(file) if file else {}
    for source in (_from_environment(environment), flags):
        for group, values in source.items():
            merged.setdefault(group, {}).update(values)
    try:
        return Settings.model_validate(merged)
    except ValidationError as exc:
        raise SettingsError("\n".join(_line(error) for error in exc.errors(include_url=False))) from exc


def variables() -> Iterator[tuple[str, str, str]]:
    """Yield the group, the field and the environment variable of every setting."""
    for group, description in Settings.model_fields.items():
        model = description.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            for field, detail in model.model_fields.items():
                yield group, field, env_name(group, field, detail)


def _from_environment(environment: Mapping[str, str]) -> Sections:
    sections: Sections = {}
    for group, field, name in variables():
        if environment.get(name):
            sections.setdefault(group, {})[field] = environment[name]
    return sections


def _from_file(path: Path) -> Sections:
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as exc:
        message = f"-config {path}: {exc.strerror}"
        raise SettingsError(message) from exc
    except ValueError as exc:
        message = f"-config {path}: not JSON: {exc}"
        raise SettingsError(message) from exc
    if not isinstance(content, dict) or not all(isinstance(section, dict) for section in content.values()):
        message = f'-config {path}: must be an object of sections, such as {{"server": {{"port": 3331}}}}'
        raise SettingsError(message)
    return {group: _by_field_name(group, section) for group, section in content.items()}


def _by_field_name(group: str, section: Mapping[str, Any]) -> dict[str, Any]:
    """Return *section* with its members renamed to fields, so that the environment can override each."""
    description = Settings.model_fields.get(group)
    model = description.annotation if description else None
    if not (isinstance(model, type) and issubclass(model, SettingsGroup)):
        return dict(section)
    names = {detail.alias or field: field for field, detail in model.model_fields.items()}
    return {names.get(member, member): value for member, value in section.items()}


def _line(error: Any) -> str:
    names = {(group, field): name for group, field, name in variables()}
    path = tuple(str(part) for part in error["loc"])
    group, field = (*path, "", "")[:2]
    member = _member_name(group, field)
    variable = names.get((group, field)) or names.get((group, _field_name(group, field)), "")
    label = f"{member} ({variable})" if variable else member
    text = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        text = "no such setting"
    return f"{label}: {text}" if len(path) > 1 or not text.startswith(group) else text


def _field_name(group: str, member: str) -> str:
    return next(iter(_by_field_name(group, {member: None})))


def _member_name(group: str, field: str) -> str:
    description = Settings.model_fields.get(group)
    model = description.annotation if description else None
    if isinstance(model, type) and issubclass(model, BaseModel) and field in model.model_fields:
        field = model.model_fields[field].alias or field
    return ".".join(part for part in (group, field) if part)
