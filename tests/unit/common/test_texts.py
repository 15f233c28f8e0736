"""Texts for people."""

import pytest

from common.texts import size_in_words


@pytest.mark.parametrize(
    ("byte_size", "words"),
    [
        (300, "300 bytes"),
        (16 * 1024, "16 kB"),
        (400_000, "400 kB"),
        (32 * 1024 * 1024, "32 MB"),
        (1_500_000, "1.5 MB"),
        (2 * 1024**3, "2 GB"),
    ],
)
def test_a_limit_is_told_as_people_say_it(byte_size: int, words: str) -> None:
    """A round limit reads round, whether it was set in binary or in decimal units."""
    assert size_in_words(byte_size) == words
