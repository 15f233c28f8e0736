"""The limits of `icecube convert`: those of the service's configuration."""

import os
from pathlib import Path

from common.settings.loading import SettingsError, load_settings
from processor.convert.errors import ConversionError
from processor.engine import ImageLimits


def configured_limits(config: Path | None) -> ImageLimits:
    """Return the limits in force; raise `ConversionError` with all mistakes of the configuration."""
    try:
        limits = load_settings(flags={}, environment=os.environ, file=config).limits
    except SettingsError as exc:
        raise ConversionError("; ".join(str(exc).splitlines())) from exc
    return ImageLimits(megapixels=limits.megapixels, side_pixels=limits.side_pixels, frames=limits.frames)
