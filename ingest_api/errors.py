"""Turns what went wrong into what the caller is told: RFC 9457 problem details, plus the `error` member.

Exception
├── UploadRefusedError (ingest_api/header.py, receiving.py)   the file's or the form's fault   400, 413
├── RequestValidationError (FastAPI)                          the body's fault                 400
├── ClientDisconnect (Starlette)                              the caller hung up               400, which nobody reads
├── ImageNotFoundError, JobNotFoundError, ImageUnknownError   no such thing                    404
├── TooManyTasksError                                         more than the limit              400
├── JobStoreUnavailableError, BlobStoreUnavailableError       ours, for now                    503
└── anything else                                             a mistake of ours                500
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from common.blob_store import BlobNotFoundError, BlobStoreUnavailableError
from ingest_api.body_limit import MAX_BODY_BYTES
from ingest_api.header import UploadRefusedError
from ingest_api.intake import TooManyTasksError
from ingest_api.job_store import ImageUnknownError, JobStoreUnavailableError
from ingest_api.lookups import ImageNotFoundError, JobNotFoundError

log = structlog.get_logger()

RETRY_AFTER_SECONDS = 5
_ANSWERED: tuple[type[Exception], ...] = (
    UploadRefusedError,
    RequestValidationError,
    ClientDisconnect,
    ImageNotFoundError,
    JobNotFoundError,
    ImageUnknownError,
    TooManyTasksError,
    JobStoreUnavailableError,
    BlobStoreUnavailableError,
    BlobNotFoundError,
    HTTPException,
    Exception,
)
_PLAIN_MESSAGES = {
    "extra_forbidden": "is not a known field",
    "json_invalid": "is not valid JSON",
    "missing": "is required",
    "too_short": "must not be empty",
    "uuid_parsing": "must be a UUID",
    "uuid_type": "must be a UUID",
}
"""What we say instead of pydantic, by the type of its error."""
_HTTP_PROBLEMS = {
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing at this path."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This path does not take that method."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("request_too_large", f"The body is longer than {MAX_BODY_BYTES} bytes."),
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: ("range_not_satisfiable", "The image has no such range of bytes."),
}
_TOO_LARGE = frozenset({"file_too_large", "too_many_files", "too_many_pixels", "side_too_long"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What the caller is told."""

    status: HTTPStatus
    code: str
    error: str
    """A sentence a person understands."""
    headers: dict[str, str] = field(default_factory=dict)
    members: dict[str, Any] = field(default_factory=dict)

    def response(self) -> Response:
        """Return the problem as `application/problem+json`."""
        body = {
            "type": f"urn:icecube:problem:{self.code}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.error,
            "code": self.code,
            "error": self.error,
            **self.members,
        }
        return JSONResponse(body, self.status, self.headers, media_type="application/problem+json")


def problem_of(exc: Exception) -> Problem:  # noqa: PLR0911 - the table of errors; each row is its own answer
    """Return what the caller is told of *exc*; for a surprise of ours, nothing but that it happened."""
    match exc:
        case UploadRefusedError():
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if exc.code in _TOO_LARGE else HTTPStatus.BAD_REQUEST
            return Problem(status, exc.code, str(exc))
        case RequestValidationError():
            return _invalid_request(exc.errors())
        case ClientDisconnect():
            return Problem(HTTPStatus.BAD_REQUEST, "request_broke_off", "The request ended before its body did.")
        case TooManyTasksError():
            return Problem(HTTPStatus.BAD_REQUEST, "too_many_tasks", str(exc))
        case ImageNotFoundError() | ImageUnknownError():
            return Problem(HTTPStatus.NOT_FOUND, "image_not_found", "Image not found")
        case JobNotFoundError():
            return Problem(HTTPStatus.NOT_FOUND, "job_not_found", "Job not found")
        case JobStoreUnavailableError():
            return _unavailable("database_unavailable", "The database is not available; try again later.")
        case BlobStoreUnavailableError() | BlobNotFoundError():
            return _unavailable("storage_unavailable", "The image storage is not available; try again later.")
        case HTTPException():
            return _of_http(HTTPStatus(exc.status_code), exc.headers)
        case _:
            return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on our side.")


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error of *app* as a problem."""
    for kind in _ANSWERED:
        app.add_exception_handler(kind, _answer)


async def _answer(request: Request, exc: Exception) -> Response:
    problem = problem_of(exc)
    if problem.status is HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("request turned away", path=request.url.path, code=problem.code, error=str(exc))
    elif problem.status is HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", path=request.url.path, exc_info=exc)
    return problem.response()


def _invalid_request(errors: Sequence[Any]) -> Problem:
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


def _of_http(status: HTTPStatus, headers: Mapping[str, str] | None) -> Problem:
    code, sentence = _HTTP_PROBLEMS.get(status, (f"http_{status.value}", f"{status.phrase}."))
    return Problem(status, code, sentence, dict(headers or {}))


def _unavailable(code: str, sentence: str) -> Problem:
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, code, sentence, {"Retry-After": str(RETRY_AFTER_SECONDS)})
