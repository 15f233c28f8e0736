"""The options that this release can do, at the HTTP edge and in the engine."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from common.formats import OUTPUT_FORMATS, ImageFormat, enumerate_formats, output_format_named
from common.options.effects import EffectOptions
from common.options.geometry import GeometryOptions, Integer

DEFAULT_QUALITY = 80


def _writable_format(value: Any) -> Any:
    known = output_format_named(value) if isinstance(value, str) else None
    if known is None:
        message = f"must be one of {', '.join(sorted(OUTPUT_FORMATS))}"
        raise ValueError(message)
    return known


OutputFormat = Annotated[
    ImageFormat,
    Field(strict=False),
    BeforeValidator(_writable_format),
    WithJsonSchema({"type": "string", "enum": [known.value for known in OUTPUT_FORMATS]}),
]
_OFFERED = enumerate_formats(
    f"{known.value} (or {' or '.join(known.aliases)})" if known.aliases else known.value for known in OUTPUT_FORMATS
)


class VariantOptions(GeometryOptions, EffectOptions):
    """How to make one variant.

    Strict: a member of a wrong type, out of range or with an unknown name is refused.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    format: OutputFormat | None = Field(None, description=f"{_OFFERED}; absent: the original's.")
    quality: Integer = Field(DEFAULT_QUALITY, ge=1, le=100, description="100 is the best and largest.")
    keep_metadata: bool = Field(default=False, description="Keep EXIF, XMP, IPTC and the colour profile.")
