"""Options as they are asked for, and as they travel and are stored."""

import json
import re
from typing import Any

import pytest
from pydantic import JsonValue, ValidationError

from common.formats import ImageFormat
from common.options.geometry import Crop
from common.options.tasks import TaskOptions, UnsupportedOptionError
from common.options.variant import VariantOptions
from tests.integration.next_release.written_later import OPTIONS

FIRST = {"format": "webp", "maxDimension": 0, "quality": 80, "keepMetadata": False}


def test_the_options_of_the_first_release_are_always_written() -> None:
    """Its clients, and its processors, find all four of them."""
    assert TaskOptions.of(VariantOptions(format=ImageFormat.WEBP)).root == FIRST


def test_a_later_option_is_written_only_where_it_is_asked_for() -> None:
    """A processor that does not know it can do every job that does not need it."""

    class Later(VariantOptions):
        glow: str = "none"

    asked, not_asked = Later(format=ImageFormat.WEBP, glow="strong"), Later(format=ImageFormat.WEBP)

    assert TaskOptions.of(not_asked).root == FIRST
    assert TaskOptions.of(asked).root == FIRST | {"glow": "strong"}


def test_what_is_written_is_understood() -> None:
    """What a client asks for is what the engine is asked for."""
    asked = VariantOptions(format=ImageFormat.AVIF, max_dimension=7, quality=3, keep_metadata=True)

    assert TaskOptions.of(asked).understood() == asked


def test_what_a_later_release_wrote_survives() -> None:
    """Read and written again, not a member or a value of it is lost."""
    text = json.dumps(OPTIONS)

    assert json.loads(TaskOptions.model_validate_json(text).model_dump_json(exclude_none=True)) == OPTIONS


@pytest.mark.parametrize("asked", [{name: value} for name, value in OPTIONS.items()] + [{"maxDimension": 20_000}])
def test_what_is_not_understood_is_named(asked: dict[str, JsonValue]) -> None:
    """An unknown member, or an unknown value of a known one, is refused rather than left out."""
    with pytest.raises(UnsupportedOptionError, match=next(iter(asked))):
        TaskOptions(asked).understood()


def test_a_format_that_is_not_asked_for_follows_the_original() -> None:
    """Where this release does not know the original's format, that is left to a processor that does."""
    assert TaskOptions({"quality": 1}).resolved_for("gif").root == {"format": "webp", "quality": 1}
    assert TaskOptions({"format": "jxl"}).resolved_for("gif").root == {"format": "jxl"}
    assert TaskOptions({"quality": 1}).resolved_for("heic").root == {"quality": 1}


def test_members_have_one_order() -> None:
    """A row gives them back in an order of its own; clients see the same order each time."""
    shuffled = TaskOptions({"glow": 1, "quality": 1, "format": "png"})

    assert list(shuffled.root) == ["format", "quality", "glow"]


def test_the_text_of_the_first_release_never_changes() -> None:
    """Requests under an Idempotency-Key are recognised across releases."""
    asked = TaskOptions.of(VariantOptions(quality=70))

    assert asked.as_first_written() == '{"format":null,"maxDimension":0,"quality":70,"keepMetadata":false}'


def test_one_colour_is_stored_in_one_way() -> None:
    """However CSS writes it, so that the work for it is reused."""
    written = ["white", "#fff", "#FFFFFF", "rgb(255, 255, 255)", "hsl(0, 0%, 100%)"]

    stored = {VariantOptions.model_validate({"background": colour}).background for colour in written}

    assert stored == {"#ffffffff"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"maxDimension": 5, "width": 3}, "maxDimension cannot be combined"),
        ({"width": 3, "height": 4, "aspectRatio": "1:1"}, "aspectRatio cannot be combined"),
        ({"fit": "cover"}, "fit needs width or height"),
        ({"width": 3, "fit": "crop"}, "must be one of inside, cover, contain, fill, outside"),
        ({"focus": "middle"}, "must be one of center, top"),
        ({"aspectRatio": "16/9"}, 'two whole numbers such as "16:9"'),
        ({"rotate": 45}, "must be 90, 180 or 270"),
        ({"rotate": True}, "must be 90, 180 or 270"),
        ({"background": "nocolour"}, "must be a CSS colour"),
        ({"crop": {"left": 0.5, "top": 0, "width": 9, "height": 9}}, 'say "unit": "fraction"'),
        ({"crop": {"left": 0.5, "top": 0, "width": 0.6, "height": 1, "unit": "fraction"}}, "may be 1 at most"),
        ({"trim": 256}, "a whole number from 0 to 255"),
        ({"blur": 0}, "greater than or equal to 0.3"),
        ({"width": 0}, "greater than or equal to 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(options: dict[str, Any], message: str) -> None:
    """The sentence names the limit, or what contradicts it."""
    with pytest.raises(ValidationError, match=re.escape(message)):
        VariantOptions.model_validate(options)


@pytest.mark.parametrize(
    ("crop", "pixels"),
    [
        (Crop(left=0, top=0, width=1, height=1, unit="fraction"), (0, 0, 301, 201)),
        (Crop(left=0.5, top=0.5, width=0.5, height=0.5, unit="fraction"), (150, 100, 151, 101)),
        (Crop(left=0.999999, top=0.999999, width=1e-9, height=1e-9, unit="fraction"), (300, 200, 1, 1)),
        (Crop(left=300, top=200, width=1, height=1), (300, 200, 1, 1)),
    ],
)
def test_a_crop_is_never_empty_and_never_outside(crop: Crop, pixels: tuple[int, ...]) -> None:
    """Fractions are rounded to edges, so that neighbours meet and none is lost."""
    assert crop.pixels_of(301, 201) == pixels
