"""GIF, which is read only."""

from processor.engine.codecs.codec import Codec, Loader
from processor.engine.codecs.containers.gif_frames import animation_of

CODEC = Codec(
    loader=Loader(
        name="gifload_source",
        operation="VipsForeignLoadNsgif",
        domains=frozenset({"gifload_source"}),
        reads_frames=True,
        animation_of=animation_of,
    ),
)
