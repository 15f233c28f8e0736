"""A pool that makes no images: it writes what it was told, or fails as it was told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common.formats import ImageFormat
from processor.engine import MadeVariant, VariantRequest
from processor.jobs.deliveries import Deliver


@dataclass
class ScriptedPool:
    """Raises *failures* one by one, then writes a few bytes for each variant."""

    failures: list[Exception] = field(default_factory=list)
    originals: list[bytes] = field(default_factory=list)
    original_frames: int = 1
    asked: list[Sequence[VariantRequest]] = field(default_factory=list)

    async def make(
        self, original: Path, requests: Sequence[VariantRequest], deliver: Deliver | None = None
    ) -> list[MadeVariant]:
        """Write and deliver the variants."""
        self.originals.append(original.read_bytes())  # noqa: ASYNC240 - a few bytes of a test
        self.asked.append(requests)
        if self.failures:
            raise self.failures.pop(0)
        made = [_made(request, self.original_frames) for request in requests]
        for place, variant in enumerate(made):
            if deliver:
                deliver(place, variant)
        return made


def _made(request: VariantRequest, original_frames: int) -> MadeVariant:
    size = request.output.write_bytes(b"variant")
    image_format = request.options.format or ImageFormat.JPEG
    return MadeVariant(request.output, image_format, 100, 75, size, 1, original_frames)
