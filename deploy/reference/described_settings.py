"""Describes every setting: its name, its default and its allowed values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from common.settings.base import SettingsGroup
from common.settings.loading import variables
from common.settings.model import Settings

_KINDS = {bool: "true or false", int: "whole number", float: "number"}
_LIMITS = {
    "minimum": "{} or more",
    "exclusiveMinimum": "more than {}",
    "maximum": "{} or less",
    "minLength": "not empty",
}
"""The words for a limit, by its keyword in the JSON schema."""
_NO_LIMITS = frozenset({"$ref", "anyOf", "default", "description", "env", "format", "title", "type", "writeOnly"})


@dataclass(frozen=True, slots=True)
class DescribedSetting:
    """A setting for its reader. *member* is its place in the JSON file; an absent default is an empty text."""

    variable: str
    member: str
    default: str
    values: str
    description: str
    is_secret: bool


def described_groups() -> Iterator[tuple[str, str, list[DescribedSetting]]]:
    """Yield each group's name, description and settings."""
    names = {(group, field): variable for group, field, variable in variables()}
    for group, section in Settings.model_fields.items():
        model = section.annotation
        if isinstance(model, type) and issubclass(model, SettingsGroup):
            properties = model.model_json_schema()["properties"]
            settings = [
                _described(group, names[group, name], field, properties[field.alias])
                for name, field in model.model_fields.items()
            ]
            yield group, (model.__doc__ or "").strip(), settings


def _described(group: str, variable: str, field: FieldInfo, schema: Mapping[str, Any]) -> DescribedSetting:
    return DescribedSetting(
        variable=variable,
        member=f"{group}.{field.alias}",
        default=_text(field.get_default()),
        values=_values(field.annotation, schema),
        description=field.description or "",
        is_secret=field.annotation is SecretStr,
    )


def _text(value: Any) -> str:
    """Return *value* as it is written in an environment variable."""
    match value:
        case None | SecretStr():
            return ""
        case tuple():
            return ",".join(map(_text, value))
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case Path():
            return value.as_posix()
        case _:
            return str(value)


def _values(kind: Any, schema: Mapping[str, Any]) -> str:
    """Return a setting's allowed values; raise `NotImplementedError` for a limit without words."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(str(member.value) for member in kind)
    if schema.get("type") == "array":
        return "a list; with commas in the environment"
    if untold := set(schema) - _NO_LIMITS - set(_LIMITS):
        message = f"the reference has no words for the limits {untold}"
        raise NotImplementedError(message)
    limits = [words.format(schema[keyword]) for keyword, words in _LIMITS.items() if keyword in schema]
    return ", ".join([_KINDS.get(kind, "text"), *limits])
