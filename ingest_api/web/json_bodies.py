"""Reads JSON bodies, explains what makes one unreadable, and bounds it before anything is validated."""

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, NoReturn

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from ingest_api.web.field_names import FieldNames
from ingest_api.web.routes.dependencies import admission_of

MAX_VALUES = 5000
"""The most members and elements of a body: reporting each bad one takes time."""
MAX_LEVELS = 32


class UnreadableBodyError(Exception):
    """The body is not JSON that we accept; the message says why."""


class UnsupportedMediaTypeError(Exception):
    """The body's content type is not JSON."""

    def __init__(self, found: str | None) -> None:
        said = f"this one says {found[:100]}" if found else "this one says nothing"
        super().__init__(f"The body must come with Content-Type: application/json; {said}.")
        self.status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class JsonRoute(APIRoute):
    """A route that takes JSON from callers whom it admits.

    FastAPI reads the body before it admits a caller, reports all unreadable bodies alike, and validates any shape.
    """

    def check(self, request: Request, value: Any) -> None:  # noqa: ARG002 - for those who override it
        """Raise an error if *value* would take too long to validate."""
        check_shape(value, max_values=MAX_VALUES)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler, after our own reading of the body."""
        handle, admit = super().get_route_handler(), admission_of(self.dependant)
        names = FieldNames.of(self.body_field.field_info.annotation if self.body_field else None)

        async def read_and_handle(request: Request) -> Response:
            await admit(request)  # before anything is done for a stranger
            if content := await request.body():
                check_media_type(request.headers.get("content-type"))
                request._json = parse(content)  # noqa: SLF001 - where Starlette keeps what it has parsed
                self.check(request, request._json)  # noqa: SLF001 - see above
            try:
                return await handle(request)
            except RequestValidationError as exc:
                raise RequestValidationError(names.suggest(exc.errors())) from exc

        return read_and_handle


def check_media_type(media_type: str | None) -> None:
    """Raise `UnsupportedMediaTypeError` unless *media_type* is JSON's, or ends in +json."""
    named = (media_type or "").partition(";")[0].strip().lower()
    if named != "application/json" and not (named.startswith("application/") and named.endswith("+json")):
        raise UnsupportedMediaTypeError(media_type)


def parse(content: bytes) -> Any:
    """Return the value of *content*; raise `UnreadableBodyError`."""
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as exc:
        message = f"is not valid UTF-8, at byte {exc.start}"
        raise UnreadableBodyError(message) from exc
    except json.JSONDecodeError as exc:
        message = f"is not valid JSON, at line {exc.lineno}, column {exc.colno}"
        raise UnreadableBodyError(message) from exc
    except RecursionError as exc:
        message = f"is nested too deeply: {MAX_LEVELS} levels at most"
        raise UnreadableBodyError(message) from exc
    except ValueError as exc:
        message = "holds a number that is too long"
        raise UnreadableBodyError(message) from exc


def check_shape(value: Any, *, max_values: int) -> None:
    """Raise `UnreadableBodyError` if *value* is nested too deeply or has too many members."""
    level, levels, values = [value], 0, 0
    while level := [each for each in level if isinstance(each, dict | list)]:
        levels += 1
        values += sum(len(each) for each in level)
        if levels > MAX_LEVELS:
            message = f"is nested too deeply: {MAX_LEVELS} levels at most"
            raise UnreadableBodyError(message)
        if values > max_values:
            message = f"holds more than {max_values} members and elements"
            raise UnreadableBodyError(message)
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]


def _refuse_constant(name: str) -> NoReturn:
    message = f"is not valid JSON: {name} is no number"
    raise UnreadableBodyError(message)
