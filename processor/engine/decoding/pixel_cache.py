"""Keeps an original's pixels from one job to the next: many jobs in a row for one original decode it twice."""

from collections.abc import Hashable

import pyvips

CACHED_BYTES = 64 * 1024 * 1024
"""What an image process may go on holding after a job: 21 megapixels in colour."""


class PixelCache:
    """Holds the pixels of the original that came last, from the second time in a row on.

    An original that comes once is not held: its pixels are streamed, which takes less time and memory.
    """

    def __init__(self) -> None:
        self._key: Hashable = None
        self._pixels: pyvips.Image | None = None

    def get(self, key: Hashable, opened: pyvips.Image, *, is_read_often: bool = False) -> pyvips.Image:
        """Return *opened*, or its pixels in memory: when *key* was also the last one asked for, or it *is_read_often*.

        Those of any other key are given up first.
        """
        comes_again = key == self._key
        if not comes_again:
            self._key, self._pixels = key, None
        if self._pixels is None and (comes_again or is_read_often) and decoded_bytes(opened) <= CACHED_BYTES:
            self._pixels = opened.copy_memory()
        return opened if self._pixels is None else self._pixels


def decoded_bytes(image: pyvips.Image) -> int:
    """Return how much memory the pixels of *image* take."""
    bytes_a_sample = 2 if image.format == "ushort" else 1
    return int(image.width * image.height * image.bands * bytes_a_sample)
