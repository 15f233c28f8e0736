"""Events as the next release may write them: those of this one, with members, values and versions unknown to it."""

import json
from typing import Any

from common.events import JobRequested, encode
from tests.factories.jobs import a_request

OPTIONS: dict[str, Any] = {
    "format": "jxl",
    "quality": "auto",
    "glow": "strong",
    "crop": {"left": 0.25, "unit": "fraction", "anchor": None},
    "overlay": [{"text": "©", "opacity": 0.5}],
}
"""Unknown options, unknown values of known ones, and values of every JSON type."""


def written(event: JobRequested | None = None, **changes: Any) -> dict[str, Any]:
    """Return a request for a job as JSON, with *changes* at its top."""
    found: dict[str, Any] = json.loads(encode(event or a_request()))
    return found | changes


def written_with_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return a request for a job of one task."""
    request = written()
    request["tasks"][0]["options"] = options
    return request


def encoded(event: dict[str, Any]) -> bytes:
    """Return *event* as the bytes of a record."""
    return json.dumps(event).encode()
