"""Every setting as its reader needs it: what it is called, what it is at first, what it may be."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from common.settings.base import SettingsGroup
from common.settings.loading import variables
from common.settings.model import Settings

_KINDS = {bool: "true or false", int: "whole number", float: "number"}


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
    """Yield each group's name, what it is about, and its settings."""
    names = {(group, field): variable for group, field, variable in variables()}
    for group, section in Settings.model_fields.items():
        model = section.annotation
        if isinstance(model, type) and issubclass(model, SettingsGroup):
            settings = [
                _described(f"{group}.{field.alias or name}", names[group, name], field)
                for name, field in model.model_fields.items()
            ]
            yield group, (model.__doc__ or "").strip(), settings


def _described(member: str, variable: str, field: FieldInfo) -> DescribedSetting:
    return DescribedSetting(
        variable=variable,
        member=member,
        default=_text(field.get_default()),
        values=_values(field),
        description=field.description or "",
        is_secret=field.annotation is SecretStr,
    )


def _text(value: Any) -> str:
    """Return *value* as it is written in an environment variable."""
    match value:
        case None | SecretStr():
            return ""
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case Path():
            return value.as_posix()
        case _:
            return str(value)


def _values(field: FieldInfo) -> str:
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(str(member.value) for member in kind)
    limits = [_limit(mark) for mark in field.metadata]
    return ", ".join([_KINDS.get(kind, "text") if isinstance(kind, type) else "text", *limits])


def _limit(mark: Any) -> str:
    match mark:
        case Ge(ge=least):
            return f"{least} or more"
        case Gt(gt=bound):
            return f"more than {bound}"
        case Le(le=most):
            return f"{most} or less"
        case MinLen(min_length=1):
            return "not empty"
        case _:
            message = f"the reference has no words for the limit {mark!r}"
            raise NotImplementedError(message)
