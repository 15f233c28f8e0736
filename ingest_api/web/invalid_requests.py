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
"""Our messages in place of pydantic's, by the type of its error."""


_TOLD_ERRORS = 20
_FIELD_CHARACTERS = 64
_MESSAGE_CHARACTERS = 200
_SENTENCE_CHARACTERS = 1000
"""These bound an answer to 16 KiB, whatever the caller's members are called."""


def invalid_request(errors: Sequence[Any]) -> Problem:
    """Return the problem that names the fields in *errors*, as FastAPI's RequestValidationError lists them.

    It lists the first of many, and counts the others.
    """
    listed = [
        {
            "field": _shorten(_field(error["loc"]), _FIELD_CHARACTERS),
            "message": _shorten(_message(error), _MESSAGE_CHARACTERS),
        }
        for error in errors[:_TOLD_ERRORS]
    ]
    sentence = _shorten("; ".join(f"{each['field']}: {each['message']}" for each in listed), _SENTENCE_CHARACTERS)
    if len(errors) > len(listed):
        sentence += f"; and {len(errors) - len(listed)} more"
    return Problem(HTTPStatus.BAD_REQUEST, "invalid_request", sentence, members={"errors": listed})


def unreadable_body(sentence: str) -> Problem:
    """Return the problem of an unreadable body, in the form of any other mistake."""
    listed = [{"field": "body", "message": sentence}]
    return Problem(HTTPStatus.BAD_REQUEST, "invalid_request", f"body: {sentence}", members={"errors": listed})


def _shorten(text: str, characters: int) -> str:
    """Return *text* made printable and cut to a safe length."""
    shown = text if len(text) <= characters else f"{text[: characters - 1]}…"
    return "".join(each if each.isprintable() else "\ufffd" for each in shown)


def _field(location: Sequence[str | int]) -> str:
    """Return `options[0].quality` for the location ("body", "options", 0, "quality"), and `body` for the whole."""
    path = ""
    for part in location[1:] if len(location) > 1 and isinstance(location[1], str) else ():
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path or str(location[0])


def _message(error: Any) -> str:
    plain = _PLAIN_MESSAGES.get(error["type"])
    if plain and error.get("meant"):
        return f"{plain}: write {error['meant']}"
    return plain or str(error["msg"]).removeprefix("Value error, ").replace("Input should", "must")
