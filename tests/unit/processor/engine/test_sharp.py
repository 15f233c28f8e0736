"""Geometry is sharp's, to the pixel; `sharp/record.mjs` recorded what sharp makes of the same picture."""

import json
from pathlib import Path
from typing import Any

import pytest

from common.options.variant import VariantOptions
from processor.engine import VariantRequest
from tests.doubles.engine import make_files
from tests.unit.processor.engine.pictures import LIMITS, read

_FOLDER = Path(__file__).with_name("sharp")
_CASES: list[dict[str, Any]] = json.loads((_FOLDER / "results.json").read_text())["cases"]


@pytest.mark.parametrize("case", _CASES, ids=lambda case: json.dumps(case["options"]))
def test_results_are_those_of_sharp(tmp_path: Path, case: dict[str, Any]) -> None:
    """The size is the same, and corners and middle are where they are in sharp's, to a third of a pixel.

    A pixel of the original is worth 2.6 steps across, one of a result so many times more as it is smaller; sharp begins
    a strong reduction with plain averages.
    """
    options = VariantOptions.model_validate({**case["options"], "format": "png", "quality": 100})

    [variant] = make_files(_FOLDER / "original.png", [VariantRequest(tmp_path / "variant.png", options)], LIMITS)

    assert (variant.width, variant.height) == (case["width"], case["height"])
    pixels, right, bottom = read(variant.path, "RGB"), variant.width - 1, variant.height - 1
    found = [pixels[0, 0], pixels[0, right], pixels[bottom, 0], pixels[bottom, right], pixels[bottom // 2, right // 2]]
    deviation = max(int(abs(one - other).max()) for one, other in zip(found, case["pixels"], strict=True))
    assert deviation <= max(2, 97 / variant.width)
