"""A generator of HTTP load: one process, a few hundredths of a millisecond a request; told by JSON, answers in JSON.

`echo SPECIFICATION | python -m tests.bench.service.load`. HTTP clients of libraries take as long as the servers that
are to be measured. This one reads no more of an answer than its status and its length.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import cycle
from typing import cast

from uvicorn.loops.auto import auto_loop_factory

WARM_UP_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Specification:
    """What to send, over how many connections: *requests* over and over for *seconds*, or each once if that is None.

    Requests are whole, with their heads, as text of Latin-1.
    """

    port: int
    requests: list[str]
    connections: int
    seconds: float | None


@dataclass(slots=True)
class Findings:
    """What came of it: *answers* by status, latencies after the warm-up, the CPU it took here, and when it began."""

    answers: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    began_at: float = 0.0


class _Connection(asyncio.Protocol):
    """Sends one request after another and notes what comes back."""

    def __init__(self, requests: Iterator[bytes], load: "_Load") -> None:
        self._requests = requests
        self._load = load
        self._head = b""
        self._left: int | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        if self._left is None:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            self._left = _body_bytes(self._head[:end]) - (len(self._head) - end - 4)
        else:
            self._left -= len(data)
        if self._left == 0:
            self._load.note(self._head[9:12].decode(), self._began)
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionResetError("the server has closed the connection"))

    def _send(self) -> None:
        request = None if self._load.is_over() else next(self._requests, None)
        if request is None:
            self.ended.set_result(None)
            self._transport.close()
            return
        self._head, self._left = b"", None
        self._began = time.perf_counter()
        self._transport.write(request)


def _body_bytes(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    message = f"an answer without its length: {head!r}"
    raise ValueError(message)


class _Load:
    """One run."""

    def __init__(self, wanted: Specification) -> None:
        self._wanted = wanted
        self._answers: Counter[str] = Counter()
        self._latencies: list[float] = []
        self._first = self._last = time.perf_counter()
        self._measured_from = self._first + (WARM_UP_SECONDS if wanted.seconds else 0)

    def is_over(self) -> bool:
        """Say whether no more is to be sent."""
        return bool(self._wanted.seconds and time.perf_counter() > self._measured_from + self._wanted.seconds)

    def note(self, status: str, began: float) -> None:
        """Count an answer."""
        self._last = time.perf_counter()
        self._answers[status] += 1
        if began >= self._measured_from:
            self._latencies.append(self._last - began)

    async def run(self) -> Findings:
        """Send it all."""
        ready = [request.encode("latin-1") for request in self._wanted.requests]
        requests = cycle(ready) if self._wanted.seconds else iter(ready)
        loop = asyncio.get_running_loop()
        began, began_at = time.process_time(), time.time()
        self._first = time.perf_counter()
        connections = [
            (await loop.create_connection(lambda: _Connection(requests, self), "127.0.0.1", self._wanted.port))[1]
            for _ in range(self._wanted.connections)
        ]
        await asyncio.gather(*(connection.ended for connection in connections))
        seconds = self._last - max(self._first, self._measured_from)
        return Findings(dict(self._answers), seconds, self._latencies, time.process_time() - began, began_at)


def main() -> None:
    """Do what standard input says."""
    wanted = Specification(**json.load(sys.stdin))
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        json.dump(asdict(runner.run(_Load(wanted).run())), sys.stdout)


if __name__ == "__main__":
    main()
