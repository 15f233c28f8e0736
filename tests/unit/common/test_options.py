"""Options as they are asked for, and as they travel and are stored."""

import json

import pytest
from pydantic import JsonValue

from common.formats import ImageFormat
from common.options import TaskOptions, UnsupportedOptionError, VariantOptions
from tests.integration.next_release.written_later import OPTIONS

FIRST = {"format": "webp", "maxDimension": 0, "quality": 80, "keepMetadata": False}


def test_the_options_of_the_first_release_are_always_written() -> None:
    """Its clients, and its processors, find all four of them."""
    assert TaskOptions.of(VariantOptions(format=ImageFormat.WEBP)).root == FIRST


def test_a_later_option_is_written_only_where_it_is_asked_for() -> None:
    """A processor that does not know it can do every job that does not need it."""

    class Later(VariantOptions):
        fit: str = "inside"

    asked, not_asked = Later(format=ImageFormat.WEBP, fit="cover"), Later(format=ImageFormat.WEBP)

    assert TaskOptions.of(not_asked).root == FIRST
    assert TaskOptions.of(asked).root == FIRST | {"fit": "cover"}


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
    shuffled = TaskOptions({"fit": "cover", "quality": 1, "format": "png"})

    assert list(shuffled.root) == ["format", "quality", "fit"]


def test_the_text_of_the_first_release_never_changes() -> None:
    """Requests under an Idempotency-Key are recognised across releases."""
    asked = TaskOptions.of(VariantOptions(quality=70))

    assert asked.as_first_written() == '{"format":null,"maxDimension":0,"quality":70,"keepMetadata":false}'
