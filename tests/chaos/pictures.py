"""The pictures that clients upload, and what they want made of them."""

from dataclasses import dataclass
from random import Random
from typing import Any

from common.formats import ImageFormat
from tests.factories.images import photo

_DAMAGED_SHARE = 0.05
_NEW_WORK_SHARE = 0.7
"""Jobs that ask, most of them, for what nobody has asked for yet; of the others most variants can be copied."""

_BULK_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Picture:
    """What is uploaded; the damaged one has a sound header, so that only its job can fail."""

    content: bytes
    is_sound: bool = True


SOUND = [
    Picture(photo(ImageFormat.JPEG, width=120, height=90)),
    Picture(photo(ImageFormat.PNG, width=64, height=48)),
    Picture(photo(ImageFormat.WEBP, width=90, height=120)),
]
DAMAGED = Picture(photo(ImageFormat.JPEG, width=320, height=240)[:6000], is_sound=False)
OPTIONS: list[list[dict[str, Any]]] = [
    [{"format": "jpeg", "maxDimension": 48}],
    [{"format": "webp", "maxDimension": 32}],
    [{"maxDimension": 40}, {"format": "png", "maxDimension": 24}],
]


def draw_picture(rng: Random) -> Picture:
    """Return a picture, now and then a damaged one."""
    return DAMAGED if rng.random() < _DAMAGED_SHARE else rng.choice(SOUND)


def draw_job(rng: Random, original_id: str) -> dict[str, Any]:
    """Return a job request for an original, now and then one that may wait."""
    options = rng.choice(OPTIONS)
    if rng.random() < _NEW_WORK_SHARE:
        options = [{**option, "quality": rng.randint(1, 99)} for option in options]
    priority = {"priority": "bulk"} if rng.random() < _BULK_SHARE else {}
    return {"originalID": original_id, "options": options, **priority}
