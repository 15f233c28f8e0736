"""Reads the parts of a form that say something of all its files."""

import json
import re

from ingest_api.domain.expiry import LONGEST_EXPIRY_SECONDS
from ingest_api.domain.tags import check_tags
from ingest_api.uploads.refusals import FieldRefusedError


def read_tags(content: bytes) -> dict[str, str]:
    """Return the tags in the part `tags`, a JSON object of texts; raise `FieldRefusedError`."""
    try:
        tags = json.loads(content)
    except (ValueError, RecursionError) as exc:  # which UnicodeDecodeError is, too
        message = "tags: is not valid JSON"
        raise FieldRefusedError(message) from exc
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        message = "tags: must be a JSON object whose values are strings"
        raise FieldRefusedError(message)
    try:
        return check_tags(tags)
    except ValueError as exc:
        message = f"tags: {exc}"
        raise FieldRefusedError(message) from exc


def read_expiry(content: bytes) -> int:
    """Return the seconds in the part `expiresInSeconds`; raise `FieldRefusedError`."""
    seconds = int(content) if re.fullmatch(rb"[0-9]{1,10}", content) else 0
    if not 1 <= seconds <= LONGEST_EXPIRY_SECONDS:
        message = f"expiresInSeconds: must be a whole number from 1 to {LONGEST_EXPIRY_SECONDS}"
        raise FieldRefusedError(message)
    return seconds
