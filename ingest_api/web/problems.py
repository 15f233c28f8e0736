"""Problem details (RFC 9457), the form of every error answer.

Clients of earlier releases read the sentence in `error`, or in `message`; all three members say the same.
"""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, Response

RETRY_AFTER_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """The answer to an error: *code* is stable for programs, *error* a sentence for people."""

    status: HTTPStatus
    code: str
    error: str
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
            "message": self.error,
            **self.members,
        }
        return JSONResponse(body, self.status, self.headers, media_type="application/problem+json")


def unavailable(code: str, sentence: str, *, retry_after_seconds: int = RETRY_AFTER_SECONDS) -> Problem:
    """Return the problem of a dependency that is away."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, code, sentence, {"Retry-After": str(retry_after_seconds)})
