"""Reads what an original says of itself, and refuses what is unknown or too large before a decode."""

import mmap
from dataclasses import dataclass

import pyvips

from common.formats import OUTPUT_FORMATS, ImageFormat, enumerate_formats
from processor.engine import ImageLimits, ImageRefusedError, Refusal
from processor.engine.codecs.registry import CODECS, format_of
from processor.engine.opening import open_image
from processor.engine.orientation import UPRIGHT, lies_on_its_side, orientation_of
from processor.engine.refusals import explain
from processor.engine.sizing import Size


@dataclass(frozen=True, slots=True)
class Header:
    """An original's format and its size in pixels as shown, that is, with its orientation applied.

    *pixels_are_final*: stored upright and in colours that every viewer shows, given the colour profile.
    """

    format: ImageFormat
    width: int
    height: int
    frames: int
    byte_size: int
    pixels_are_final: bool

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
    image_format = _format_of(image)
    size = Size(image.width, image.height)
    return Header(
        image_format,
        *(size.turned() if lies_on_its_side(image) else size),
        frames=_frames_of(image, image_format),
        byte_size=len(content),
        pixels_are_final=orientation_of(image) == UPRIGHT and image.interpretation != "cmyk",
    )


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
    try:
        return open_image(content)
    except pyvips.Error as exc:
        if "is not in a known format" in exc.detail:
            raise _unsupported() from exc
        raise explain(exc) from exc


def _format_of(image: pyvips.Image) -> ImageFormat:
    image_format = format_of(image)
    if image_format is not None:
        return image_format
    if image.get_typeof("heif-compression"):
        reason = f"HEIC images cannot be read; save it as {enumerate_formats(known.label for known in OUTPUT_FORMATS)}."
        raise ImageRefusedError(Refusal.UNSUPPORTED_FORMAT, reason)
    raise _unsupported()


def _unsupported() -> ImageRefusedError:
    return ImageRefusedError(Refusal.UNSUPPORTED_FORMAT, "The file is not an image of a supported format.")


def _frames_of(image: pyvips.Image, image_format: ImageFormat) -> int:
    return image.get_n_pages() if CODECS[image_format].keeps_frames else 1  # other pages are other pictures
