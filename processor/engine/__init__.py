"""The image engine's port: an original's bytes in, variants' bytes out; knows nothing of Kafka, HTTP or files."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from common.failure_codes import FailureCode
from common.formats import ImageFormat
from common.options.variant import VariantOptions

__all__ = [
    "EncodedVariant",
    "EngineError",
    "ImageLimits",
    "ImageRefusedError",
    "MadeVariant",
    "Refusal",
    "RefusedVariant",
    "VariantRequest",
]


@dataclass(frozen=True, slots=True)
class VariantRequest:
    """One variant to make: what it should be and the path to write it to.

    Options without a format mean the original's, as `WRITTEN_AS` decides.
    """

    output: Path
    options: VariantOptions


@dataclass(frozen=True, slots=True)
class EncodedVariant:
    """The bytes of the variant that was asked for at *place*, from 0; its header was read back.

    *frames* tells how many pictures it holds of the original's *original_frames*: formats without animation keep one.
    *picture_seconds* went into decoding and resizing, which libvips does in one pass; 0 where an earlier variant of the
    same size has paid for it. *encode_seconds* went into encoding and reading back.
    """

    place: int
    content: bytes
    format: ImageFormat
    width: int
    height: int
    frames: int
    original_frames: int
    picture_seconds: float = 0
    encode_seconds: float = 0


@dataclass(frozen=True, slots=True)
class MadeVariant:
    """A variant that was written to a file. Numbers and seconds are those of `EncodedVariant`."""

    path: Path
    format: ImageFormat
    width: int
    height: int
    byte_size: int
    frames: int
    original_frames: int
    picture_seconds: float = 0
    encode_seconds: float = 0


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What an original may claim in its header before anything is decoded.

    *megapixels* counts all frames that are decoded together.
    """

    megapixels: float
    side_pixels: int
    frames: int = 1000


class Refusal(StrEnum):
    """The stable codes of why an image was refused."""

    UNSUPPORTED_FORMAT = FailureCode.UNSUPPORTED_FORMAT
    IMAGE_TOO_LARGE = FailureCode.IMAGE_TOO_LARGE
    TOO_MANY_FRAMES = FailureCode.TOO_MANY_FRAMES
    IMAGE_DAMAGED = FailureCode.IMAGE_DAMAGED
    VARIANT_TOO_LARGE = FailureCode.VARIANT_TOO_LARGE
    CROP_OUTSIDE = FailureCode.CROP_OUTSIDE


class ImageRefusedError(Exception):
    """This image can never be processed; *reason* is a sentence for its owner, *code* is stable for programs."""

    def __init__(self, code: Refusal, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class RefusedVariant:
    """The variant that was asked for at *place*, from 0, can never be made of this image; others may be."""

    place: int
    code: Refusal
    reason: str


class EngineError(Exception):
    """The engine could not do what was asked, and the image is not to blame; the message is for us."""
