"""Uvicorn's HTTP/1.1 protocol, with bounds on what a client may send and how long it may take."""

import asyncio
from typing import Any, NoReturn

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from common import metrics
from common.settings.groups import LimitsSettings
from ingest_api.web.problems import Problem
from ingest_api.web.protocol import refusals
from ingest_api.web.protocol.connections import Connections, Seat
from ingest_api.web.protocol.deadlines import BodyPace, FlushDeadline
from ingest_api.web.protocol.request_parser import RequestParser

SERVED_IN_SURPLUS = frozenset({b"/livez", b"/readyz", b"/api/v1/health", b"/metrics"})
"""The paths that are answered however many connections are open."""
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 1024 * 1024
"""How long, and how much, we still read from a refused client: closing at once could destroy the answer."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """A connection. httptools has no bound of its own: it holds a header in memory until that is complete.

    So the bytes are counted that have come since the parser last had something to show for them. A head, the fields
    after a body and the extension of a chunk all end at `MAX_HEAD_BYTES`, give or take one read from the socket.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: LimitsSettings,
        connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.parser = RequestParser(self)
        self._all = connections
        self._header_seconds = limits.header_seconds
        self._pace = BodyPace(limits.body_bytes_per_second)
        self._flush = FlushDeadline(limits.body_bytes_per_second)
        self._is_surplus = False
        self._is_answering = False
        self._in_body = False
        self._in_head = False
        self._unparsed = 0
        self._counts_all = True
        """Whether `_unparsed` has counted the head in hand from its first byte: not one that was sent ahead."""
        self._trailers = 0
        self._due: float | None = None
        """When the head that is awaited must be whole, or the rest of a body whose request is answered already.

        It is not enforced while an answer is under way.
        """
        self._stopped_for = refusals.MALFORMED
        self._refusal: Problem | None = None
        self._ignored = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Accept the connection, or answer that there are too many."""
        super().connection_made(transport)
        self._set_due()
        seat = self._all.admit(self)
        self._is_surplus = seat is Seat.SURPLUS
        if seat is Seat.NONE:
            self._refuse(refusals.TOO_MANY_CONNECTIONS)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection."""
        self._all.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse *data*, unless the client has sent too much."""
        if self._refusal:
            self._ignore(len(data))
            return
        if self._due is None and not self._in_body:
            self._set_due()
        if not self._in_head:
            self._counts_all = True
        self._unparsed += len(data)
        super().data_received(data)
        if self._unparsed > refusals.MAX_HEAD_BYTES and not self._refusal:
            self._refuse(refusals.HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_head, self._trailers = True, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field; trailers are counted and dropped, as nobody reads them."""
        if self._in_body:
            self._trailers += 1
            if self._trailers > refusals.MAX_FIELDS:
                self._stop(refusals.HEAD_TOO_LARGE)
        elif len(self.headers) == refusals.MAX_FIELDS:
            self._stop(refusals.HEAD_TOO_LARGE)
        else:
            if name.lower() == b"transfer-encoding":
                self._check_coding(value)
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start serving a request, whose body may still arrive."""
        if self.parser.should_upgrade():
            return  # see `RequestParser`
        if not self._counts_all or self._unparsed > refusals.MAX_HEAD_BYTES:
            self._check_head()
        if len(self.pipeline) >= refusals.MAX_SENT_AHEAD:
            self._stop(refusals.SENT_AHEAD)
        if self._is_surplus:
            self._check_surplus()
        super().on_headers_complete()
        self._unparsed, self._due = 0, None
        self._in_head, self._in_body, self._is_answering = False, True, True
        self._all.note_busy(self)
        self._pace.begin(self.loop.time())

    def on_body(self, body: bytes) -> None:
        """Take a chunk of a body."""
        self._unparsed = 0
        self._pace.add(len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; its answer may be in progress, or even complete."""
        if self.parser.should_upgrade():
            return  # see `RequestParser`
        self._unparsed, self._counts_all, self._due, self._in_body = 0, False, None, False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Start the next request, or wait for one."""
        has_next = bool(self.pipeline)
        super().on_response_complete()
        if has_next or self.transport.is_closing():
            return
        self._is_answering = False
        if self._refusal:
            self._answer(self._refusal)
            return
        self._all.note_silent(self)
        if self._in_body or self._due:
            self._set_due()  # for the rest of an unread body, or of a pipelined head

    def resume_writing(self) -> None:
        """Resume writing: the client reads."""
        self._flush.renew()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words
        """Answer a request that could not be parsed, or was stopped."""
        self._refuse(self._stopped_for)

    def enforce_deadlines(self, now: float) -> None:
        """End the connection if its client has been too slow for too long."""
        if self._flush.has_passed(self.transport.get_write_buffer_size(), now):
            self.transport.abort()
        elif self._refusal or self.transport.is_closing():
            return
        elif self._is_answering:
            if self._in_body:
                self._check_pace(now)
        elif self._due is not None and now > self._due:
            self._end_late()

    def evict(self) -> None:
        """End the connection at once; it is idle."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()  # closing would wait for a client that does not read
        else:
            self.transport.close()

    def _set_due(self) -> None:
        self._due = self.loop.time() + self._header_seconds

    def _check_head(self) -> None:
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > refusals.MAX_HEAD_BYTES:
            self._stop(refusals.HEAD_TOO_LARGE)

    def _check_coding(self, coding: bytes) -> None:
        """Stop at codings beside chunked: the parser would pass on a body in them as if it were plain."""
        is_repeated = any(name == b"transfer-encoding" for name, _ in self.headers)
        if is_repeated or coding.strip().lower() != b"chunked":
            self._stop(refusals.TRANSFER_CODING)

    def _check_surplus(self) -> None:
        self._is_surplus = self._all.are_too_many()
        if self._is_surplus and self.url.partition(b"?")[0] not in SERVED_IN_SURPLUS:
            self._stop(refusals.TOO_MANY_CONNECTIONS)

    def _check_pace(self, now: float) -> None:
        if self.flow.read_paused or self.cycle.body:
            self._pace.begin(now)  # we do not read, so the client is not to blame
        elif self._pace.is_too_slow(now):
            self._refuse(refusals.BODY_TOO_SLOW)

    def _end_late(self) -> None:
        if self._unparsed and not self._in_body:
            self._refuse(refusals.HEAD_TOO_SLOW)
        else:
            self.transport.close()  # there is no request to answer

    def _stop(self, problem: Problem) -> NoReturn:
        """Stop the parser: it treats any exception as an invalid request, and asks for an answer."""
        self._stopped_for = problem
        raise ValueError(problem.code)

    def _refuse(self, problem: Problem) -> None:
        """Read no more requests; answer earlier ones, then *problem*, and end the connection."""
        self._refusal = problem
        if not self._is_answering:
            self._answer(problem)
        elif self._in_body:
            self._break_off(problem)

    def _break_off(self, problem: Problem) -> None:
        """Answer the current request with *problem*, which its body caused, instead of the application."""
        if self.pipeline or self.cycle.response_started:
            self.transport.close()
            return
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self._answer(problem)

    def _answer(self, problem: Problem) -> None:
        metrics.PROBLEMS.labels(problem.code).inc()
        if self._in_body and not self._is_answering:
            self.transport.close()  # this request has its answer
            return
        self.transport.write(refusals.as_http(problem))
        self.transport.write_eof()
        self.flow.resume_reading()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def _ignore(self, byte_count: int) -> None:
        self._ignored += byte_count
        if self._ignored > _LINGER_BYTES:
            self.transport.close()
