"""What `quality` means to each encoder, so that the same number looks the same in every format.

`quality` is jpegli's own scale. The anchors are where WebP and AVIF reach the same SSIMULACRA2 score, as the median
over photographs; `python -m tests.bench.engine.quality` measures them again, docs/engine.md holds the table.
"""

from bisect import bisect_left

Curve = tuple[tuple[int, int], ...]
"""Pairs of a quality and the encoder's own setting, from 1 to 100, rising."""

IDENTITY: Curve = ((1, 1), (100, 100))
"""Of JPEG, whose scale it is, and of PNG, which has no such setting."""
WEBP: Curve = (
    (1, 1), (10, 10), (20, 30), (30, 42), (40, 48), (50, 55), (60, 65), (70, 74), (80, 82), (90, 90), (95, 97),
    (98, 100), (100, 100),
)  # fmt: skip
AVIF: Curve = (
    (1, 12), (10, 25), (20, 36), (30, 42), (40, 45), (50, 47), (60, 50), (70, 56), (80, 63), (90, 76), (95, 87),
    (98, 96), (100, 100),
)  # fmt: skip


def on_curve(curve: Curve, quality: int) -> int:
    """Return the encoder's setting for *quality*, between two anchors in a straight line."""
    at = max(1, bisect_left(curve, (quality, 0)))
    (low, setting), (high, next_setting) = curve[at - 1 : at + 1]
    return round(setting + (next_setting - setting) * (quality - low) / (high - low))
