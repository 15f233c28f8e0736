"""What libvips complains of, told to the image's owner."""

import re

import pyvips

from processor.engine import ImageRefusedError, Refusal

_OUT_OF_MEMORY = re.compile(
    r"out of memory|(unable|failed) to allocate|cannot allocate|insufficient memory|memory error"
    r"|allocating \d+ bytes failed"  # libheif; "exceeds the security limit" is the image's fault
    r"|bufferpool\(\) failed",  # aom
    re.IGNORECASE,
)
_HARMLESS = "extraneous bytes before marker"
"""What libjpeg warns of although every pixel is there; some cameras pad their files so."""


def is_harmless(exc: pyvips.Error) -> bool:
    """Say whether *exc* came from a warning that tells of no missing pixel."""
    return _HARMLESS in exc.detail


def explain(exc: pyvips.Error) -> ImageRefusedError | MemoryError:
    """Return the refusal that explains *exc*, or `MemoryError` when it is this process that could not go on."""
    if _OUT_OF_MEMORY.search(str(exc)):
        return MemoryError("the image did not fit into the memory a task may use")
    return ImageRefusedError(Refusal.IMAGE_DAMAGED, f"The image is damaged or incomplete: {_first_complaint(exc)}.")


def _first_complaint(exc: pyvips.Error) -> str:
    detail: str = exc.detail
    lines = (line.strip() for line in detail.splitlines())
    complaint = next((line for line in lines if line), str(exc.message))
    return complaint.rstrip(".").split(": ", 1)[-1]
