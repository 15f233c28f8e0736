"""A JPEG with the same coefficients, packed better by mozjpeg."""

from mozjpeg_lossless_optimization import COPY_MARKERS, optimize


def repacked(original: bytes, *, keep_metadata: bool) -> bytes:
    """Return *original* with optimised progressive scans and with all its markers or its colour profile only."""
    packed: bytes = optimize(original, copy=COPY_MARKERS.ALL if keep_metadata else COPY_MARKERS.ICC)
    return packed
