"""TIFF, which is read only. Its pages are other pictures, not frames."""

from processor.engine.codecs.codec import Codec, Loader
from processor.engine.colour.lab import lab_to_srgb

CODEC = Codec(
    loader=Loader(
        name="tiffload_source",
        operation="VipsForeignLoadTiff",
        domains=frozenset({"tiff2vips"}),
        correct=lab_to_srgb,
    )
)
