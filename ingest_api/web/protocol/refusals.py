"""Answers to requests that never reach the application."""

from http import HTTPStatus

from ingest_api.web.problems import Problem, unavailable

MAX_HEAD_BYTES = 64 * 1024
MAX_FIELDS = 100
MAX_SENT_AHEAD = 32
"""Pipelined requests that may wait on a connection."""

MALFORMED = Problem(HTTPStatus.BAD_REQUEST, "malformed_request", "The request is not valid HTTP.")
HEAD_TOO_LARGE = Problem(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "headers_too_large",
    f"A request's headers may be {MAX_HEAD_BYTES // 1024} KiB and {MAX_FIELDS} fields at most.",
)
TRANSFER_CODING = Problem(
    HTTPStatus.NOT_IMPLEMENTED, "transfer_coding_unknown", "The only Transfer-Encoding taken is chunked."
)
SENT_AHEAD = Problem(
    HTTPStatus.TOO_MANY_REQUESTS,
    "too_many_sent_ahead",
    f"{MAX_SENT_AHEAD} requests at most may wait on a connection for the answer to the one before.",
)
HEAD_TOO_SLOW = Problem(HTTPStatus.REQUEST_TIMEOUT, "headers_too_slow", "The request's headers took too long to come.")
BODY_TOO_SLOW = Problem(HTTPStatus.REQUEST_TIMEOUT, "body_too_slow", "The request's body came too slowly.")
TOO_MANY_CONNECTIONS = unavailable("too_many_connections", "Too many connections are open; try again later.")


def as_http(problem: Problem) -> bytes:
    """Return *problem* as the answer that ends a connection."""
    response = problem.response()
    head = [f"HTTP/1.1 {problem.status.value} {problem.status.phrase}".encode(), b"connection: close"]
    head += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*head, b"", bytes(response.body)])
