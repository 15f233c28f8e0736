"""Bounded frames over a stream socket: four bytes of length, then so many bytes."""

import socket
import struct
import time
from collections.abc import Callable
from multiprocessing.connection import wait

from processor.pool.losses import BadAnswerError, ConnectionLostError

MAX_FRAME_BYTES = 64 * 1024
"""Far beyond any message; variants follow theirs, outside of the frame."""

_LENGTH = struct.Struct(">I")
_BUFFER_BYTES = 256 * 1024


def framed(content: bytes) -> bytes:
    """Return *content* with its length before it."""
    return _LENGTH.pack(len(content)) + content


class Receiver:
    """Reads what the other end sends, no more than it was told to expect, and never for longer.

    Raises `TimeoutError` when *until*, a time of `time.monotonic`, has come, and `ConnectionLostError`.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._start = self._end = 0

    def has_unread(self) -> bool:
        """Say whether the other end has sent anything, its end included, that was not read."""
        return self._start < self._end or bool(wait([self._connection], 0))

    def frame(self, until: float) -> bytes:
        """Return the next frame; raise `BadAnswerError` for one that is too long."""
        [length] = _LENGTH.unpack(self._exactly(_LENGTH.size, until))
        if length > MAX_FRAME_BYTES:
            message = f"a frame of {length} bytes"
            raise BadAnswerError(message)
        return self._exactly(length, until)

    def pour(self, byte_size: int, sink: Callable[[memoryview], object], until: float) -> None:
        """Give *sink* the next *byte_size* bytes, piece by piece."""
        while byte_size:
            if self._start == self._end:
                self._fill(until)
            piece = self._buffer[self._start : min(self._end, self._start + byte_size)]
            sink(piece)
            self._start += len(piece)
            byte_size -= len(piece)

    def _exactly(self, byte_size: int, until: float) -> bytes:
        content = bytearray()
        self.pour(byte_size, content.extend, until)
        return bytes(content)

    def _fill(self, until: float) -> None:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        try:
            received = self._connection.recv_into(self._buffer)
        except ConnectionError:
            received = 0
        if received == 0:
            raise ConnectionLostError
        self._start, self._end = 0, received
