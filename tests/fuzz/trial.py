"""One hostile file on its way through the upload check and the engine, and what must hold of it."""

import io
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from common.formats import ImageFormat
from common.options.variant import VariantOptions
from ingest_api.uploads.header import UploadRefusedError, header_of
from processor.engine import ImageLimits, ImageRefusedError, MadeVariant, VariantRequest
from processor.pool import ImagePool, WorkerLostError

LIMITS = ImageLimits(megapixels=100, side_pixels=16384)
TASK_SECONDS = 10
TASK_MEMORY_MB = 512
UNEXPECTED = "unexpected"
_GRACE_SECONDS = 5
_START_MB = 200
"""More than a child has in memory before its first task."""
_OPTIONS = (
    VariantOptions(format=ImageFormat.JPEG, max_dimension=100),
    VariantOptions(format=ImageFormat.WEBP, keep_metadata=True, max_dimension=300),
    VariantOptions(max_dimension=64, keep_metadata=True),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a file: *outcome* is a code, *complaint* is what should not have happened, if anything did."""

    outcome: str
    complaint: str | None


async def tried(data: bytes, folder: Path, pool: ImagePool) -> Verdict:
    """Return what became of *data*; raises nothing that the file could have brought about."""
    upload = _upload_outcome(data)
    original = folder / "original"
    original.write_bytes(data)
    requests = [VariantRequest(folder / f"variant{number}", options) for number, options in enumerate(_OPTIONS)]
    began = time.monotonic()
    outcome, made = await _engine_outcome(pool, original, requests)
    seconds = time.monotonic() - began
    used_mb = max((_peak_mb(process_id) for process_id in pool.process_ids), default=0)
    return Verdict(f"{upload}, {outcome}", _complaint(folder, made, seconds, used_mb))


def _upload_outcome(data: bytes) -> str:
    try:
        header_of(io.BytesIO(data))
    except UploadRefusedError as exc:
        return exc.code
    return "accepted"


async def _engine_outcome(
    pool: ImagePool, original: Path, requests: list[VariantRequest]
) -> tuple[str, list[MadeVariant]]:
    try:
        return "made", await pool.make(original, requests)
    except (ImageRefusedError, WorkerLostError) as exc:
        if not exc.reason.endswith(".") or str(original.parent) in exc.reason:
            return f"{UNEXPECTED} reason: {exc.reason}", []
        return exc.code, []
    except Exception as exc:  # noqa: BLE001 - nothing else may come, so whatever comes is a finding
        return f"{UNEXPECTED} {exc!r}", []


def _peak_mb(process_id: int) -> int:
    """Return how many megabytes the process has ever had in memory; 0 when it has gone."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


def _complaint(folder: Path, made: list[MadeVariant], seconds: float, used_mb: int) -> str | None:
    left = [path.name for path in folder.iterdir() if path.name.startswith("variant")]
    if seconds > TASK_SECONDS * len(_OPTIONS) + _GRACE_SECONDS:
        return f"took {seconds:.1f} seconds"
    if used_mb > TASK_MEMORY_MB + _START_MB:
        return f"used {used_mb} MB"
    if len(left) != len(made):
        return f"left {left} where {len(made)} variants were made"
    return next((f"cannot be read: {one.format}" for one in made if not _can_be_read(one)), None)


def _can_be_read(variant: MadeVariant) -> bool:
    try:
        with Image.open(variant.path) as image:
            image.load()
            return image.size == (variant.width, variant.height)
    except (OSError, SyntaxError, ValueError):
        return False
