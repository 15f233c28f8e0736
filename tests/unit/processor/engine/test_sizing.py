"""How large a variant becomes."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.formats import ImageFormat
from common.options.geometry import GeometryOptions
from processor.engine.geometry.layout import lay_out
from processor.engine.geometry.sizes import Size
from tests.unit.processor.engine.pictures import gradient, made, saved

sides = st.integers(1, 20_000)


def size_within(width: int, height: int, bound: int) -> Size:
    """Return the size of a picture whose longer side is at most *bound*, also where that is no valid option."""
    return lay_out(Size(width, height), GeometryOptions.model_construct(max_dimension=bound)).size


@given(sides, sides, st.integers(1, 20_000))
def test_the_longer_side_is_exact_and_nothing_grows(width: int, height: int, bound: int) -> None:
    """The longer side is the bound or what it was; the other keeps the proportion to the nearest pixel."""
    size = size_within(width, height, bound)

    assert max(size) == min(bound, max(width, height))
    assert min(size) >= 1
    if max(width, height) > bound:
        exact = Fraction(min(width, height) * bound, max(width, height))
        assert abs(min(size) - exact) <= Fraction(1, 2) or min(size) == 1


@given(sides, sides)
def test_zero_means_as_it_is(width: int, height: int) -> None:
    """Without a bound the size stays."""
    assert size_within(width, height, 0) == Size(width, height)


@pytest.mark.parametrize(
    ("width", "height", "bound", "expected"),
    [(940, 2, 100, (100, 1)), (2, 940, 100, (1, 100)), (1, 1, 100, (1, 1)), (301, 201, 100, (100, 67))],
)
@pytest.mark.parametrize("source", ["png", "jpeg", "webp"])
def test_files_have_the_size_that_was_computed(
    tmp_path: Path, source: str, width: int, height: int, bound: int, expected: tuple[int, int]
) -> None:
    """Also slivers and odd sizes come out exactly so, from decoders that shrink and from those that do not."""
    original = saved(tmp_path, gradient(width, height), f"original.{source}")

    variant = made(original, ImageFormat.PNG, max_dimension=bound)

    assert (variant.width, variant.height) == expected
