"""Checks the names of topics."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

_TOPIC_NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")


def is_topic_name(name: str) -> bool:
    """Say whether Kafka accepts *name*. Its clients treat any other as a topic that does not exist yet."""
    return _TOPIC_NAME.fullmatch(name) is not None


def _check(name: str) -> str:
    if not is_topic_name(name):
        message = "must be letters, digits, dots, underscores and dashes, 249 at most"
        raise ValueError(message)
    return name


TopicName = Annotated[str, Field(min_length=1), AfterValidator(_check)]
