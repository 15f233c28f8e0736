"""A JPEG with the same coefficients, packed better by mozjpeg."""

from mozjpeg_lossless_optimization import COPY_MARKERS, optimize


def repacked(original: bytes, *, keep_metadata: bool) -> bytes | None:
    """Return *original* with optimised progressive scans and with all its markers or its colour profile only.

    None where mozjpeg cannot read it.
    """
    try:
        packed: bytes = optimize(original, copy=COPY_MARKERS.ALL if keep_metadata else COPY_MARKERS.ICC)
    except ValueError:
        return None
    return packed
