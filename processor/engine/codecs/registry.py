"""The codec of each format. Adding a format is adding its module here and its member to `ImageFormat`."""

from importlib import import_module

import pyvips

from common.formats import ImageFormat
from processor.engine.codecs.codec import Codec, Writer


def _codec_of(image_format: ImageFormat) -> Codec:
    """Return the `CODEC` of the module that is called as *image_format* is."""
    codec: Codec = import_module(f"{__package__}.{image_format.value}").CODEC
    return codec


CODECS: dict[ImageFormat, Codec] = {known: _codec_of(known) for known in ImageFormat}


def writer_of(image_format: ImageFormat) -> Writer:
    """Return how variants of *image_format* are written; raise `LookupError` where they are not."""
    writer = CODECS[image_format].writer
    if writer is None:
        message = f"{image_format.label} is not written"
        raise LookupError(message)
    return writer


def format_of(image: pyvips.Image) -> ImageFormat | None:
    """Return the format of the file that *image* was opened from; None when it is none of ours."""
    name = image.get("vips-loader")
    matching = (known for known, codec in CODECS.items() if codec.loader.name == name and codec.loader.accepts(image))
    return next(matching, None)
