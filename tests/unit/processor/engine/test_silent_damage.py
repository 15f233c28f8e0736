"""Damage that a decoder gives no reason for is damage all the same, and no defect of ours."""

import io

import pytest
from PIL import Image

from common.options.variant import VariantOptions
from processor.engine import ImageRefusedError, Refusal
from processor.engine.decoding.original import Original
from processor.engine.recipe import make_variants
from tests.unit.processor.engine.pictures import LIMITS, gradient


@pytest.mark.parametrize("damage", [b"ID\xffT", b"\0\0\0\0", b"PLTE"], ids=["letters", "zeros", "palette"])
def test_a_chunk_of_no_known_kind(damage: bytes) -> None:
    """The decoder stops at a name that is none, and at a palette where none may be."""
    stored = io.BytesIO()
    Image.fromarray(gradient(96, 64)).save(stored, "png")
    damaged = stored.getvalue().replace(b"IDAT", damage, 1)

    with pytest.raises(ImageRefusedError) as caught:
        list(make_variants(Original(damaged, object()), [VariantOptions()], LIMITS))

    assert caught.value.code is Refusal.IMAGE_DAMAGED
