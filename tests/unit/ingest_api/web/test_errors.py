"""How errors become answers, whichever way a request went."""

import pytest
from starlette.types import Message, Receive, Scope, Send

from ingest_api.reads.lookups import JobNotFoundError
from ingest_api.web.errors import ProblemMiddleware


class Failing:
    """An application that raises *error*, before it answers or in the middle."""

    def __init__(self, error: Exception, *, begun: bool) -> None:
        self._error, self._begun = error, begun

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's arguments
        """Fail."""
        if self._begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise self._error


async def answers_of(app: Failing) -> tuple[list[int], Exception | None]:
    """Return the statuses that were sent, and what was raised in the end."""
    sent: list[int] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    try:
        await ProblemMiddleware(app)(scope, receive, send)
    except Exception as exc:  # noqa: BLE001 - what it is, is told
        return sent, exc
    return sent, None


@pytest.mark.parametrize(("error", "status"), [(JobNotFoundError("x"), 404), (ZeroDivisionError(), 500)])
async def test_an_error_is_answered_once(error: Exception, status: int) -> None:
    """What we know is answered and over; a surprise is answered, and raised for whoever watches."""
    sent, raised = await answers_of(Failing(error, begun=False))

    assert sent == [status]
    assert raised is (error if status == 500 else None)


async def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    """Half an answer cannot become a problem: the connection has to break."""
    error = JobNotFoundError("x")

    sent, raised = await answers_of(Failing(error, begun=True))

    assert (sent, raised) == ([200], error)
