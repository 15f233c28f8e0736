"""The options that change a variant's pixels once it has its size."""

from typing import Annotated

from pydantic import ConfigDict, Field

from common.wire import WireModel

Sigma = Annotated[float, Field(strict=False)]


class EffectOptions(WireModel):
    """What is done to the pixels after resize and padding."""

    model_config = ConfigDict(strict=True, extra="forbid")

    grayscale: bool = Field(default=False, description="Without colours.")
    blur: Sigma | None = Field(None, ge=0.3, le=250, description="Sigma of a Gaussian blur, in pixels of the variant.")
    sharpen: Sigma | None = Field(None, ge=0.1, le=10, description="Sigma of the mask that sharpens, in pixels.")
