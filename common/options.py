"""What a client may ask of a variant."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from common.formats import OUTPUT_FORMATS, WRITTEN_AS, ImageFormat
from common.wire import WireModel

DEFAULT_QUALITY = 80
MAX_SIDE_PIXELS = 16384
"""The longest side of any original or variant; WebP's own limit is one pixel less."""


def _writable_format(value: Any) -> Any:
    if value == "jpg":
        return ImageFormat.JPEG
    if not isinstance(value, str) or value not in OUTPUT_FORMATS:
        message = f"must be one of {', '.join(sorted(OUTPUT_FORMATS))}"
        raise ValueError(message)
    return value


OutputFormat = Annotated[ImageFormat, Field(strict=False), BeforeValidator(_writable_format)]


class VariantOptions(WireModel):
    """How to make one variant.

    Strict: a member of the wrong type, out of its range or of an unknown name is refused, never guessed at.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    format: OutputFormat | None = Field(None, description="jpeg (or jpg), png, webp or avif; absent: the original's.")
    max_dimension: int = Field(
        0,
        ge=0,
        le=MAX_SIDE_PIXELS,
        description="The longer side in pixels at most; 0 leaves the size as it is. Never enlarges.",
    )
    quality: int = Field(DEFAULT_QUALITY, ge=1, le=100, description="100 is the best and largest.")
    keep_metadata: bool = Field(default=False, description="Keep EXIF, XMP, IPTC and the colour profile.")

    def resolved_for(self, original: ImageFormat) -> "VariantOptions":
        """Return the options with the format filled in for an original of format *original*."""
        return self.model_copy(update={"format": self.format or WRITTEN_AS[original]})
