"""Describes a blob that is already stored under a variant's id.

Keeps the protocol's rule "bytes never change" (ARCHITECTURE.md).
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from common.blob_store import BlobStore
from common.events import FinishedVariant
from common.image_header import DamagedHeaderError
from common.image_header.reading import read_image_header


@dataclass(frozen=True, slots=True)
class StoredVariant:
    """A stored variant. *is_ours*: this engine made these bytes, so they may be reused as its own."""

    variant: FinishedVariant
    is_ours: bool


class VariantIdTakenError(Exception):
    """The blob under a variant's id is not such a variant: it stays as it is, and *reason* says what it is."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def describe_standing(blobs: BlobStore, variant: FinishedVariant) -> FinishedVariant:
    """Return *variant* with the size of the stored blob, whoever stored it; raise `VariantIdTakenError`.

    The number of frames comes from *variant*: the options decide it, whatever the engine.
    """
    async with blobs.local_file(variant.id) as stored:
        found = await asyncio.to_thread(_describe, stored, variant)
    if found.format != variant.format:
        reason = f"An image of another format, {found.format}, is stored where a variant belongs."
        raise VariantIdTakenError(reason)
    return found


def _describe(stored: Path, variant: FinishedVariant) -> FinishedVariant:
    try:
        with stored.open("rb") as file:
            header = read_image_header(file)
    except DamagedHeaderError as exc:
        reason = "Something that is no image is stored where a variant belongs."
        raise VariantIdTakenError(reason) from exc
    size = {"width": header.width, "height": header.height, "byte_size": stored.stat().st_size}
    return variant.model_copy(update={"format": header.format, **size})
