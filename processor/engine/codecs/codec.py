"""What the engine knows of a format."""

import mmap
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pyvips

from common.options.variant import VariantOptions
from processor.engine.codecs.quality import IDENTITY, Curve
from processor.engine.colour.spaces import ColourSpace
from processor.engine.decoding.animation import Animation
from processor.engine.metadata import Metadata
from processor.engine.metadata.reading import metadata_of


class Encode(Protocol):
    """Turns a finished picture into the bytes of a file."""

    def __call__(self, image: pyvips.Image, options: VariantOptions) -> bytes:
        """Return *image* as a file without metadata, but with its colour profile where metadata is to be kept."""
        ...


class Repack(Protocol):
    """Packs a file's own pixels into fewer bytes, without any loss."""

    def __call__(self, original: bytes) -> bytes | None:
        """Return *original* without metadata, but with what its pixels need to look right.

        None where the file cannot be repacked so.
        """
        ...


class ReadMetadata(Protocol):
    """Finds the metadata of an original."""

    def __call__(self, content: bytes | mmap.mmap, image: pyvips.Image) -> Metadata:
        """Return what the file *content*, opened as *image*, says of its picture."""
        ...


def _as_libvips_tells(content: bytes | mmap.mmap, image: pyvips.Image) -> Metadata:  # noqa: ARG001 - the signature of those that look
    return metadata_of(image)


def _never_shrink(spare: float) -> Mapping[str, Any]:  # noqa: ARG001 - the signature of those that do
    return {}


def _leave(encoded: bytes) -> bytes:
    return encoded


def _accept_all(image: pyvips.Image) -> bool:  # noqa: ARG001 - the signature of those that look
    return True


def _assume_srgb(content: bytes | mmap.mmap) -> ColourSpace | None:  # noqa: ARG001 - the signature of those that look
    return None


def _leave_content(content: bytes | mmap.mmap) -> bytes | mmap.mmap:
    return content


def _leave_image(image: pyvips.Image, content: bytes | mmap.mmap) -> pyvips.Image:  # noqa: ARG001 - the signature of those that look
    return image


def _leave_to_libvips(content: bytes | mmap.mmap) -> Animation | None:  # noqa: ARG001 - the signature of those that look
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warnings:
    """Which of a decoder's warnings mean damage, and how a file is mended of what costs no pixel."""

    of_damage: re.Pattern[str]
    mend: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """How files of a format are read by libvips."""

    name: str
    """What libvips calls the loader in an image that it opened."""
    operation: str
    """The class of the loader, which is allowed to see files."""
    accepts: Callable[[pyvips.Image], bool] = _accept_all
    """Whether a file that the loader opened is of this format: one loader may serve several."""
    shrink_on_load: Callable[[float], Mapping[str, Any]] = _never_shrink
    """The loader's options for a decode that may be so many times smaller."""
    domains: frozenset[str]
    """How libvips begins what its decoder complains of."""
    warnings: Warnings | None = None
    """For a decoder that only warns of damage, and of much else."""
    read_metadata: ReadMetadata = _as_libvips_tells
    reads_frames: bool = False
    """Whether libvips reads the pages of a file as the frames of one animation."""
    colour_of: Callable[[bytes | mmap.mmap], ColourSpace | None] = _assume_srgb
    """What a file says of its colours, beside an ICC profile."""
    prepare: Callable[[bytes | mmap.mmap], bytes | mmap.mmap] = _leave_content
    """Mends, before it is read, what the decoder would take for something else."""
    correct: Callable[[pyvips.Image, bytes | mmap.mmap], pyvips.Image] = _leave_image
    """Mends what the decoder has taken for something else."""
    animation_of: Callable[[bytes | mmap.mmap], Animation | None] = _leave_to_libvips
    """The frames of a file that are put together here; None where that is left to libvips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """How variants of a format are written."""

    encode: Encode
    repack: Repack
    add_metadata: Callable[[bytes, Metadata], bytes]
    """Puts into a file that has none as much metadata as its format has a place for."""
    squeeze: Callable[[bytes], bytes] = _leave
    """Packs a file that we have encoded into fewer bytes, at any cost of time."""
    keeps_alpha: bool
    largest_side: int
    """In pixels; what is larger is refused before it is encoded."""
    quality_curve: Curve = IDENTITY
    keeps_iptc: bool = False
    keeps_frames: bool = False
    """Whether a file holds every frame of an animation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """A format's loader and, where variants can be written in it, its writer."""

    loader: Loader
    writer: Writer | None = None
