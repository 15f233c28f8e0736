"""The pictures of docs/variants.md are what the engine makes today."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deploy.reference.variants import FOLDER, make, shown_in
from processor.engine.libvips import set_up_libvips

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    """Return the pictures, made anew."""
    set_up_libvips()
    return make(ROOT)


def test_every_picture_is_there_and_none_is_left_over() -> None:
    """The page and the folder have the same pictures."""
    shown = shown_in((ROOT / "docs/variants.md").read_text("utf-8"))

    assert {file.stem for file in (ROOT / FOLDER).glob("*.webp")} == set(shown)
    assert len(shown) >= 15


def test_pictures_are_of_this_engine(made: dict[str, bytes]) -> None:
    """Sizes are the same and pixels nearly so: encoders may differ from machine to machine."""
    for name, content in made.items():
        with Image.open(ROOT / FOLDER / f"{name}.webp") as stored, Image.open(BytesIO(content)) as new:
            assert stored.size == new.size, name
            pixels, others = (np.asarray(image.convert("RGB"), np.int64) for image in (stored, new))
        assert np.abs(pixels - others).mean() < 2, name
