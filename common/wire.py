"""The one base of everything that travels as JSON: camelCase outside, snake_case inside, immutable."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class WireModel(BaseModel):
    """An immutable JSON object; unknown members are ignored, so old readers survive new writers."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        serialize_by_alias=True,
        frozen=True,
        extra="ignore",
    )
