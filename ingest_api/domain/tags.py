"""Tags: short texts under short names, which clients attach to images, jobs and batches, and find them by."""

from collections.abc import Mapping
from types import MappingProxyType

Tags = Mapping[str, str]
NO_TAGS: Tags = MappingProxyType({})

MOST_TAGS = 16
NAME_CHARACTERS = 64
VALUE_CHARACTERS = 256


def check_tags(tags: dict[str, str]) -> dict[str, str]:
    """Return *tags*; raise `ValueError`, which says the limit, if they are too many, too long or not printable."""
    if len(tags) > MOST_TAGS:
        message = f"must be {MOST_TAGS} at most, not {len(tags)}"
        raise ValueError(message)
    for name, value in tags.items():
        _check_name(name)
        _check_value(name, value)
    return tags


def tag_texts(tags: Tags) -> list[str]:
    """Return *tags* as lists filter by them, `name:value`. No name has a colon, so each text is one tag's."""
    return [f"{name}:{value}" for name, value in tags.items()]


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= NAME_CHARACTERS or ":" in name or not name.isprintable():
        message = f"a name must be 1 to {NAME_CHARACTERS} printable characters without a colon, unlike {name[:80]!r}"
        raise ValueError(message)


def _check_value(name: str, value: str) -> None:
    if len(value) > VALUE_CHARACTERS or not value.isprintable():
        message = f"the value of {name!r} must be {VALUE_CHARACTERS} printable characters at most"
        raise ValueError(message)
