"""The base of every group of settings, and the names of environment variables."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo


class SettingsGroup(BaseModel):
    """A section of the configuration file: its members are camelCase, unknown ones are refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid")


def env(name: str) -> JsonDict:
    """Name an environment variable that does not follow from the field's name."""
    return {"env": name}


def env_name(group: str, field: str, description: FieldInfo) -> str:
    """Return the environment variable of *field* in *group*: `ICECUBE_GROUP_FIELD` unless it says otherwise."""
    extra = description.json_schema_extra
    if isinstance(extra, dict) and "env" in extra:
        return str(extra["env"])
    return f"ICECUBE_{group}_{field}".upper()
