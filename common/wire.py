"""The base classes of JSON on the wire: camelCase outside, snake_case inside, immutable."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

FormatName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.+-]{0,31}$", examples=["jpeg"])]
"""A format on the wire and in rows; a later release may have written it. Safe in headers and file names."""


class WireModel(BaseModel):
    """An immutable JSON object; unknown members are ignored, so old readers survive new writers."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        serialize_by_alias=True,
        frozen=True,
        extra="ignore",
    )


class KeptModel(WireModel):
    """A JSON object that is stored or forwarded: unknown members are kept, so a later release's are not lost."""

    model_config = ConfigDict(extra="allow")
