"""Says in plain words what is wrong with a request's fields."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from ingest_api.web.problems import Problem

_PLAIN_MESSAGES = {
    "extra_forbidden": "is not a known field",
    "json_invalid": "is not valid JSON",
    "missing": "is required",
    "too_short": "must not be empty",
    "uuid_parsing": "must be a UUID",
    "uuid_type": "must be a UUID",
}
"""What we say instead of pydantic, by the type of its error."""


def invalid_request(errors: Sequence[Any]) -> Problem:
    """Return the problem that names every field in *errors*, as FastAPI's RequestValidationError lists them."""
    fields = [{"field": _field(error["loc"]), "message": _message(error)} for error in errors]
    sentence = "; ".join(f"{each['field']}: {each['message']}" for each in fields)
    return Problem(HTTPStatus.BAD_REQUEST, "invalid_request", sentence, members={"errors": fields})


def _field(location: Sequence[str | int]) -> str:
    """Return `options[0].quality` for the location ("body", "options", 0, "quality"), and `body` for the whole."""
    path = ""
    for part in location[1:] if len(location) > 1 and isinstance(location[1], str) else ():
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or str(location[0])


def _message(error: Any) -> str:
    plain = _PLAIN_MESSAGES.get(error["type"])
    return plain or str(error["msg"]).removeprefix("Value error, ").replace("Input should", "must")
