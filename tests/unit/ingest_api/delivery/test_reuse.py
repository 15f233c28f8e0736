"""Which work counts as the same."""

from hashlib import sha256

import pytest
from pydantic import JsonValue

from common.formats import ImageFormat
from common.ids import new_id
from common.options.tasks import TaskOptions
from common.options.variant import VariantOptions
from ingest_api.delivery.reuse import Reuse, reuse_key
from ingest_api.job_store import StoredImage
from tests.factories.jobs import an_image

CONTENT = sha256(b"pixels").digest()
WEBP = VariantOptions(format=ImageFormat.WEBP, max_dimension=100, quality=80)


def key_of(original: StoredImage, options: VariantOptions, **of_a_later_release: JsonValue) -> bytes | None:
    """Return the key of what *options* make of *original*."""
    return reuse_key(original, TaskOptions(TaskOptions.of(options).root | of_a_later_release))


def test_the_same_bytes_under_another_name_are_the_same_work() -> None:
    """Work is named by an original's bytes, not by its id or by what its owner calls it."""
    again = an_image(id=new_id(), original_name="copy-of-holiday", sha256=CONTENT)

    assert key_of(again, WEBP) == key_of(an_image(sha256=CONTENT), WEBP)


@pytest.mark.parametrize("dimension", [4032, 5000])
def test_sizes_that_leave_a_picture_as_it_is_are_the_same_work(dimension: int) -> None:
    """Nothing is enlarged: the picture's own longer side, or more, is as good as no limit."""
    whole, limited = (WEBP.model_copy(update={"max_dimension": size}) for size in (0, dimension))

    assert key_of(an_image(sha256=CONTENT), limited) == key_of(an_image(sha256=CONTENT), whole)


@pytest.mark.parametrize(
    "change",
    [{"format": ImageFormat.PNG}, {"max_dimension": 4031}, {"quality": 81}, {"keep_metadata": True}],
    ids=lambda change: next(iter(change)),
)
def test_other_options_are_other_work(change: dict[str, object]) -> None:
    """Whatever changes the variant's bytes changes the name of its work."""
    work = key_of(an_image(sha256=CONTENT), WEBP)

    assert key_of(an_image(sha256=CONTENT), WEBP.model_copy(update=change)) != work


def test_other_bytes_are_other_work() -> None:
    """Two pictures never share a variant."""
    assert key_of(an_image(sha256=CONTENT), WEBP) != key_of(an_image(sha256=sha256(b"others").digest()), WEBP)


def test_an_original_that_was_never_hashed_has_no_name_for_its_work() -> None:
    """What an earlier release took in is worked on as ever."""
    assert key_of(an_image(sha256=None), WEBP) is None


def test_a_default_is_no_part_of_the_key() -> None:
    """An option that a later release adds, and that nobody asks for, leaves the keys as they were."""
    asked = TaskOptions({"format": "webp", "maxDimension": 100})

    key = reuse_key(an_image(sha256=CONTENT), asked)

    assert key == key_of(an_image(sha256=CONTENT), WEBP)
    shared = reuse_key(an_image(sha256=CONTENT), asked, Reuse.ANYBODYS)
    assert shared == sha256(b"v2:" + CONTENT + b'{"format":"webp","maxDimension":100}').digest()


def test_an_option_of_a_later_release_is_other_work() -> None:
    """What this release does not know counts all the same, and may say what a size means."""
    image = an_image(sha256=CONTENT)
    vast, whole = (WEBP.model_copy(update={"max_dimension": side}) for side in (5000, 0))

    assert key_of(image, WEBP, glow=True) != key_of(image, WEBP)
    assert key_of(image, vast, glow=True) != key_of(image, whole, glow=True)


def test_each_owner_has_work_of_its_own() -> None:
    """Another owner's same picture names other work; nobody's is a third; across owners all are one."""
    asked = TaskOptions.of(WEBP)
    originals = [an_image(sha256=CONTENT, owner=owner) for owner in ("a", "b", None)]

    assert len({reuse_key(original, asked, Reuse.OWN) for original in originals}) == 3
    assert len({reuse_key(original, asked, Reuse.ANYBODYS) for original in originals}) == 1
    assert {reuse_key(original, asked, Reuse.NOBODYS) for original in originals} == {None}


_PICTURES: list[dict[str, JsonValue]] = [
    {},
    {"width": 50},
    {"width": 50, "height": 50},
    {"width": 50, "height": 50, "fit": "cover"},
    {"width": 50, "height": 50, "fit": "cover", "focus": "top"},
    {"width": 50, "height": 50, "fit": "cover", "focus": {"x": 0.5, "y": 0}},
    {"width": 50, "enlarge": True},
    {"width": 50, "aspectRatio": "1:1"},
    {"crop": {"left": 0, "top": 0, "width": 5, "height": 5}},
    {"trim": True},
    {"trim": 1},
    {"rotate": 90},
    {"rotate": 180},
    {"flip": "vertical"},
    {"background": "red"},
    {"padding": 1},
    {"padding": {"top": 1}},
    {"grayscale": True},
    {"blur": 1},
    {"sharpen": 1},
]
"""Options that make different pictures, each from every other."""
_THE_SAME: list[tuple[dict[str, JsonValue], dict[str, JsonValue]]] = [
    ({"background": "red"}, {"background": "#f00"}),
    ({"padding": 3}, {"padding": {"top": 3, "right": 3, "bottom": 3, "left": 3}}),
    ({"blur": 2}, {"blur": 2.0}),
    ({"width": 50, "focus": "center"}, {"width": 50.0}),
]


def test_different_pictures_have_different_keys() -> None:
    """Whatever decides a pixel is part of the key."""
    image = an_image(sha256=CONTENT)

    keys = {key_of(image, VariantOptions.model_validate(asked)) for asked in _PICTURES}

    assert len(keys) == len(_PICTURES)


@pytest.mark.parametrize(("one", "other"), _THE_SAME)
def test_one_picture_has_one_key(one: dict[str, JsonValue], other: dict[str, JsonValue]) -> None:
    """However its options are written."""
    image = an_image(sha256=CONTENT)

    assert key_of(image, VariantOptions.model_validate(one)) == key_of(image, VariantOptions.model_validate(other))
