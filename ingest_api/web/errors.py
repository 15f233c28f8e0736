"""Turns errors into answers.

Exception
├── UploadRefusedError (ingest_api/uploads/header.py, receiving.py)   the file's or the form's fault   400, 408, 413
├── RequestValidationError (FastAPI)                          the body's fault                 400
├── UnreadableBodyError (ingest_api/web/json_bodies.py)       no JSON that we would look at    400
├── UnsupportedMediaTypeError                                 a body that is not said to be JSON   415
├── TooManyTasksError                                         more than the limit              400
├── CropOutsideError                                          more than the image has          400
├── ClientDisconnect (Starlette)                              the caller hung up               400, which nobody reads
├── UnauthenticatedError, ForbiddenError                      no key, or not one for this      401, 403
├── MisdirectedError, CrossSiteError (ingest_api/web/host_guard.py)   not our host, not our page   421, 403
├── ImageNotFoundError, JobNotFoundError, ImageUnknownError   no such thing                    404
├── UrlSignatureError, UrlExpiredError                        a signed URL that opens nothing   403
├── SigningNotConfiguredError                                 no keys to sign a URL with       409
├── KeyReusedError                                            an Idempotency-Key misused       422
├── FirstAnswerGoneError                                      its first answer was deleted     410
├── TooManyRequestsError                                      more than the key's share        429
├── OverloadedError, DiskFullError                            more than we can take in         503
├── BatchNotFoundError, BatchEndedError                       no such batch, or nothing left to cancel   404, 409
├── JobStoreUnavailableError, BlobStoreUnavailableError       ours, for now                    503
├── UnreadableJobError                                        a later release's                503
└── anything else                                             a mistake of ours                500
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common import metrics
from common.blob_store import BlobNotFoundError, BlobStoreUnavailableError
from common.options.geometry import CropOutsideError
from common.texts import size_in_words
from ingest_api.access.keys import ForbiddenError, UnauthenticatedError
from ingest_api.access.rate_limits import TooManyRequestsError
from ingest_api.domain.idempotency import FirstAnswerGoneError, KeyReusedError
from ingest_api.domain.image_urls import UrlExpiredError, UrlSignatureError
from ingest_api.intake.admission import OverloadedError
from ingest_api.intake.batches import BatchOriginalUnknownError
from ingest_api.intake.job_request import TooManyTasksError
from ingest_api.intake.jobs import JobNotRetryableError
from ingest_api.job_store import ImageUnknownError, JobStoreUnavailableError, UnreadableJobError
from ingest_api.life_cycle.batches import BatchEndedError
from ingest_api.life_cycle.cancelling import JobEndedError
from ingest_api.reads.lookups import BatchNotFoundError, ImageNotFoundError, JobNotFoundError, SigningNotConfiguredError
from ingest_api.uploads.folder import DiskFullError
from ingest_api.uploads.header import UploadRefusedError
from ingest_api.web.body_limit import MAX_BODY_BYTES
from ingest_api.web.host_guard import CrossSiteError, MisdirectedError
from ingest_api.web.invalid_requests import invalid_request, unreadable_body
from ingest_api.web.json_bodies import UnreadableBodyError, UnsupportedMediaTypeError
from ingest_api.web.paths import allowed_methods
from ingest_api.web.problems import Problem, unavailable

log = structlog.get_logger(__name__)

_HTTP_PROBLEMS = {
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing at this path."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This path does not take that method."),
    HTTPStatus.PRECONDITION_FAILED: ("precondition_failed", "The image is not the version that was asked for."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "request_too_large",
        f"The body is longer than {size_in_words(MAX_BODY_BYTES)}.",
    ),
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: ("range_not_satisfiable", "The image has no such range of bytes."),
}
_UPLOAD_STATUS = {
    "upload_too_slow": HTTPStatus.REQUEST_TIMEOUT,
    "file_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "upload_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "form_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_many_files": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_many_frames": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too_many_pixels": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "side_too_long": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}
"""The status of a refused upload by its code, if it is not 400."""


def _of_upload(exc: UploadRefusedError) -> Problem:
    return Problem(_UPLOAD_STATUS.get(exc.code, HTTPStatus.BAD_REQUEST), exc.code, str(exc))


def _of_http(exc: HTTPException) -> Problem:
    status = HTTPStatus(exc.status_code)
    code, sentence = _HTTP_PROBLEMS.get(status, (f"http_{status.value}", f"{status.phrase}."))
    return Problem(status, code, sentence, dict(exc.headers or {}))


def _always(status: HTTPStatus, code: str, sentence: str) -> Callable[[Any], Problem]:
    return lambda _: Problem(status, code, sentence)


_IMAGE_NOT_FOUND = _always(HTTPStatus.NOT_FOUND, "image_not_found", "Image not found")
_STORAGE_AWAY = unavailable("storage_unavailable", "The image storage is not available; try again later.")
_JOB_UNREADABLE = unavailable("job_unreadable", "A later release wrote this job; ask again when the upgrade is done.")
_DATABASE_AWAY = unavailable("database_unavailable", "The database is not available; try again later.")

_ANSWERS: Mapping[type[Exception], Callable[[Any], Problem]] = {
    UploadRefusedError: _of_upload,
    RequestValidationError: lambda exc: invalid_request(exc.errors()),
    UnreadableBodyError: lambda exc: unreadable_body(str(exc)),
    UnsupportedMediaTypeError: lambda exc: Problem(exc.status, "unsupported_media_type", str(exc)),
    TooManyTasksError: lambda exc: Problem(HTTPStatus.BAD_REQUEST, "too_many_tasks", str(exc)),
    CropOutsideError: lambda exc: Problem(HTTPStatus.BAD_REQUEST, "crop_outside", str(exc)),
    ClientDisconnect: _always(HTTPStatus.BAD_REQUEST, "request_broke_off", "The request ended before its body did."),
    MisdirectedError: lambda exc: Problem(exc.status, exc.code, str(exc)),
    CrossSiteError: lambda exc: Problem(exc.status, exc.code, str(exc)),
    UnauthenticatedError: lambda exc: Problem(
        HTTPStatus.UNAUTHORIZED, "unauthenticated", str(exc), {"WWW-Authenticate": "Bearer"}
    ),
    ForbiddenError: lambda exc: Problem(HTTPStatus.FORBIDDEN, "forbidden", str(exc)),
    ImageNotFoundError: _IMAGE_NOT_FOUND,
    ImageUnknownError: _IMAGE_NOT_FOUND,
    BatchOriginalUnknownError: lambda exc: Problem(HTTPStatus.NOT_FOUND, "image_not_found", str(exc)),
    BatchNotFoundError: _always(HTTPStatus.NOT_FOUND, "batch_not_found", "Batch not found"),
    BatchEndedError: lambda exc: Problem(HTTPStatus.CONFLICT, "batch_ended", str(exc)),
    JobEndedError: lambda exc: Problem(HTTPStatus.CONFLICT, "job_ended", str(exc)),
    JobNotRetryableError: lambda exc: Problem(HTTPStatus.CONFLICT, "job_not_retryable", str(exc)),
    JobNotFoundError: _always(HTTPStatus.NOT_FOUND, "job_not_found", "Job not found"),
    UrlSignatureError: lambda exc: Problem(HTTPStatus.FORBIDDEN, "url_signature_invalid", str(exc)),
    UrlExpiredError: lambda exc: Problem(HTTPStatus.FORBIDDEN, "url_expired", str(exc)),
    SigningNotConfiguredError: lambda exc: Problem(HTTPStatus.CONFLICT, "url_signing_not_configured", str(exc)),
    KeyReusedError: lambda exc: Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused", str(exc)),
    FirstAnswerGoneError: lambda exc: Problem(HTTPStatus.GONE, "idempotency_key_gone", str(exc)),
    TooManyRequestsError: lambda exc: Problem(
        HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", str(exc), {"Retry-After": str(exc.retry_after_seconds)}
    ),
    OverloadedError: lambda exc: unavailable(exc.code, str(exc), retry_after_seconds=exc.retry_after_seconds),
    DiskFullError: lambda exc: unavailable("disk_full", str(exc), retry_after_seconds=30),
    JobStoreUnavailableError: lambda _: _DATABASE_AWAY,
    UnreadableJobError: lambda _: _JOB_UNREADABLE,
    BlobStoreUnavailableError: lambda _: _STORAGE_AWAY,
    BlobNotFoundError: lambda _: _STORAGE_AWAY,  # its row exists: the bytes are away
    HTTPException: _of_http,
    Exception: _always(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on our side."),
}
"""The one table: each error's answer. Details go to the log, never to the caller."""


def problem_of(exc: Exception) -> Problem:
    """Return the problem that answers *exc*; an unexpected error reveals no details."""
    return next(_ANSWERS[kind](exc) for kind in type(exc).__mro__ if kind in _ANSWERS)


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error of *app* as a problem; middleware that is added later sees the answers."""
    for kind in _ANSWERS.keys() - {Exception}:
        app.add_exception_handler(kind, _answer)
    app.add_middleware(ProblemMiddleware)


class ProblemMiddleware:
    """Answers errors without a handler: unexpected ones, and those that middleware raises.

    Starlette's own answer to them comes from outside all middleware, where the request's id is unknown.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request. Unexpected errors are raised again after the answer, for the server and the tracer."""
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception as exc:
            if has_begun:
                raise
            response = await _answer(Request(scope, receive), exc)
            await response(scope, receive, send)
            if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
                raise


async def _answer(request: Request, exc: Exception) -> Response:
    problem = problem_of(exc)
    metrics.PROBLEMS.labels(problem.code).inc()
    if problem.status is HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("request turned away", path=request.url.path, code=problem.code, error=str(exc))
    elif problem.status is HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("request failed", path=request.url.path, exc_info=exc)
    if problem.status is HTTPStatus.METHOD_NOT_ALLOWED:
        problem.headers["Allow"] = allowed_methods(request.scope)  # the router names those of one route
    return problem.response()
