"""Reads what an original says of itself, and refuses what is unknown or too large before a decode."""

import mmap
import re
from dataclasses import dataclass

import pyvips

from common.formats import OUTPUT_FORMATS, ImageFormat, enumerate_formats
from common.image_header import DamagedHeaderError, UnsupportedImageError
from common.image_header.bounded_file import BoundedFile
from common.image_header.registry import HEAD_BYTES, dimensions, known_format
from processor.engine import ImageLimits, ImageRefusedError, Refusal
from processor.engine.codecs.registry import CODECS, format_of
from processor.engine.colour.spaces import ColourSpace
from processor.engine.decoding.animation import Animation
from processor.engine.decoding.file_in_memory import FileInMemory
from processor.engine.decoding.opening import open_image
from processor.engine.geometry.sizes import Size
from processor.engine.likeness.choosing import is_usual
from processor.engine.orientation import UPRIGHT, lies_on_its_side, orientation_of
from processor.engine.refusals import explain, unsupported

_HEIF = re.compile(rb"....ftyp(?:hei|hev|mif1|msf1)", re.DOTALL)
_SHOWN = frozenset({"uchar", "ushort"})
"""libvips' names of whole numbers of 8 and 16 bits."""


@dataclass(frozen=True, slots=True)
class Header:
    """An original's format and its size in pixels as shown, that is, with its orientation applied.

    *orientation*: the EXIF orientation that was applied.
    *pixels_are_final*: stored upright and in colours that every viewer shows, given the colour profile.
    *colour*: what its numbers mean, where that is neither sRGB nor told by an ICC profile.
    *animation*: the frames, where they are put together here and not by libvips.
    *is_usual*: of a kind that nearly all uploads are of.
    """

    format: ImageFormat
    width: int
    height: int
    frames: int
    byte_size: int
    pixels_are_final: bool
    animation: Animation | None = None
    colour: ColourSpace | None = None
    orientation: int = UPRIGHT
    is_usual: bool = True

    @property
    def size(self) -> Size:
        """Width and height."""
        return Size(self.width, self.height)

    @property
    def longer_side(self) -> int:
        """The larger of width and height, which `maxDimension` bounds."""
        return max(self.width, self.height)

    @property
    def shorter_side(self) -> int:
        """The smaller of width and height, which no shrink may bring below a pixel."""
        return min(self.width, self.height)


def read_header(content: bytes | mmap.mmap) -> Header:
    """Return the header of the file in *content*; raise `ImageRefusedError` when it has none that we accept."""
    image = _open(content)
    image_format = _format_of(image, content)
    _refuse_unshowable(image, image_format)
    animation = CODECS[image_format].loader.animation_of(content)
    colour = CODECS[image_format].loader.colour_of(content)
    size = Size(animation.width, animation.height) if animation else Size(image.width, image.height)
    return Header(
        image_format,
        *(size.turned() if lies_on_its_side(image) else size),
        frames=len(animation.frames) if animation else _frames_of(image, image_format),
        byte_size=len(content),
        pixels_are_final=orientation_of(image) == UPRIGHT and image.interpretation != "cmyk" and colour is None,
        animation=animation,
        colour=colour,
        orientation=orientation_of(image),
        is_usual=colour is None and is_usual(image, image_format),
    )


def _refuse_unshowable(image: pyvips.Image, image_format: ImageFormat) -> None:
    """Raise `ImageRefusedError` for numbers that are no colours: nobody can tell which of them are black and white."""
    if image.format not in _SHOWN:
        raise unsupported(image_format, f"{image.format} samples")


def refuse_beyond(limits: ImageLimits, header: Header) -> None:
    """Raise `ImageRefusedError` when *header* claims more than *limits* allow."""
    if header.longer_side > limits.side_pixels:
        size = f"{header.width} x {header.height} pixels"
        raise ImageRefusedError(
            Refusal.IMAGE_TOO_LARGE, f"The image is {size}; a side may have {limits.side_pixels} pixels at most."
        )
    if header.frames > limits.frames:
        raise ImageRefusedError(
            Refusal.TOO_MANY_FRAMES, f"The image has {header.frames} frames; the limit is {limits.frames}."
        )
    megapixels = header.width * header.height * header.frames / 1e6
    if megapixels > limits.megapixels:
        raise ImageRefusedError(
            Refusal.IMAGE_TOO_LARGE,
            f"The image has {megapixels:.1f} megapixels in all; the limit is {limits.megapixels:g}.",
        )


def _open(content: bytes | mmap.mmap) -> pyvips.Image:
    known = known_format(content[:HEAD_BYTES])
    if known is None:
        raise _unknown(content)
    _refuse_unsupported(known, content)
    try:
        return open_image(content)
    except pyvips.Error as exc:
        raise explain(exc, known) from exc


def _refuse_unsupported(known: ImageFormat, content: bytes | mmap.mmap) -> None:
    """Raise `ImageRefusedError` for what the header says cannot be read; of damage the decoder tells."""
    try:
        dimensions(known, BoundedFile(FileInMemory(content)))
    except UnsupportedImageError as exc:
        raise ImageRefusedError(Refusal.UNSUPPORTED_FORMAT, str(exc)) from exc
    except DamagedHeaderError:
        return


def _format_of(image: pyvips.Image, content: bytes | mmap.mmap) -> ImageFormat:
    image_format = format_of(image)
    if image_format is None:
        raise _unknown(content)
    return image_format


def _unknown(content: bytes | mmap.mmap) -> ImageRefusedError:
    if _HEIF.match(content):
        reason = f"HEIC images cannot be read; save it as {enumerate_formats(known.label for known in OUTPUT_FORMATS)}."
    else:
        reason = "The file is not an image of a supported format."
    return ImageRefusedError(Refusal.UNSUPPORTED_FORMAT, reason)


def _frames_of(image: pyvips.Image, image_format: ImageFormat) -> int:
    return image.get_n_pages() if CODECS[image_format].loader.reads_frames else 1  # other pages are other pictures
