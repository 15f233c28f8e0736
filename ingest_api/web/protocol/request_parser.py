"""httptools' parser, for a server that speaks HTTP/1.1 only."""

from array import array
from typing import Protocol

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser


class Parsing(Protocol):
    """The receiver of requests, with more than the parser's callbacks."""

    url: bytes
    headers: list[tuple[bytes, bytes]]
    parser: HttpRequestParser


class RequestParser(HttpRequestParser):
    """Ignores a request's offer of another protocol, as RFC 9110 (7.8) allows.

    httptools has no body for such a request and takes what follows for the other protocol: the body would be lost,
    and what is in it would be served as the next request. So the head is told once more without the offer, to a
    parser that takes this one's place. Callbacks pass over a head for which `should_upgrade` holds, and over its end.
    """

    def __init__(self, protocol: Parsing) -> None:
        super().__init__(protocol)
        self._protocol = protocol
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does

    def feed_data(self, data: "bytes | bytearray | memoryview[int] | array[int]") -> None:
        """Parse *data*; raise `HttpParserError`."""
        try:
            super().feed_data(data)
        except HttpParserUpgrade as offer:
            if self.get_method() == b"CONNECT":
                message = "no proxy"
                raise HttpParserError(message) from offer
            successor = RequestParser(self._protocol)
            head = self._head_without_offer()
            self._protocol.parser = successor
            successor.feed_data(head)
            successor.feed_data(memoryview(data)[offer.args[0] :])

    def _head_without_offer(self) -> bytes:
        request = b"%s %s HTTP/%s" % (self.get_method(), self._protocol.url, self.get_http_version().encode())
        fields = [b"%s: %s" % field for field in self._protocol.headers if field[0] != b"upgrade"]
        return b"\r\n".join([request, *fields, b"", b""])
