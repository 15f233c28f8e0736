"""GIF, which is read only."""

from processor.engine.codecs.codec import Codec, Loader

CODEC = Codec(
    loader=Loader(name="gifload_source", operation="VipsForeignLoadNsgif", domains=frozenset({"gifload_source"})),
    keeps_frames=True,
)
