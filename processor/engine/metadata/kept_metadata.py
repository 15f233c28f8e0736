"""What of an original's metadata goes into a variant."""

from dataclasses import dataclass

import pyvips

from common.formats import ImageFormat, media_type
from common.options.variant import VariantOptions
from processor.engine.codecs.registry import CODECS, writer_of
from processor.engine.decoding.header import Header
from processor.engine.decoding.original import Original
from processor.engine.geometry.sizes import Size
from processor.engine.metadata import NOTHING, Metadata
from processor.engine.metadata.updating import updated


@dataclass(frozen=True, slots=True)
class KeptMetadata:
    """What was *found* in an original and is to be kept, in a variant of *size*."""

    found: Metadata
    format: ImageFormat
    size: Size

    def put_into(self, content: bytes, *, is_srgb: bool = True) -> bytes:
        """Return the variant *content* with what is true of it; *is_srgb*: its colours were brought to sRGB."""
        if self.found == NOTHING:
            return content
        writer = writer_of(self.format)
        told = media_type(self.format)
        true = updated(self.found, self.size, media_type=told, is_srgb=is_srgb, keeps_iptc=writer.keeps_iptc)
        return writer.add_metadata(content, true)


def kept_metadata(
    original: Original, header: Header, picture: pyvips.Image, image_format: ImageFormat, options: VariantOptions
) -> KeptMetadata:
    """Return what *options* keep of *original*'s metadata in a variant that shows *picture*."""
    size = Size(picture.width, picture.get_page_height())
    if not options.keep_metadata:
        return KeptMetadata(NOTHING, image_format, size)
    return KeptMetadata(CODECS[header.format].loader.read_metadata(original.content, picture), image_format, size)
