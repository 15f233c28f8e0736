"""TIFF, which is read only. Its pages are other pictures, not frames."""

from processor.engine.codecs.codec import Codec, Loader

CODEC = Codec(loader=Loader(name="tiffload_source", operation="VipsForeignLoadTiff", domains=frozenset({"tiff2vips"})))
