"""Requests as text, and the load generator that sends them from a process of its own."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import asdict

from tests.bench.service.client import Options
from tests.bench.service.load import Findings, Specification


def get(path: str) -> str:
    """Return a request for *path*."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(path: str, body: bytes, media_type: str = "application/json") -> str:
    """Return a request that sends *body*."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head + body.decode("latin-1")


def job_request(path: str, original: str, options: Sequence[Options]) -> str:
    """Return a request for a job."""
    return post(path, json.dumps({"originalID": original, "options": list(options)}).encode())


def upload(path: str, picture: bytes) -> str:
    """Return a request that uploads *picture*."""
    boundary = "icecube-bench"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="bench.jpg"\r\n\r\n'
    body = head.encode() + picture + f"\r\n--{boundary}--\r\n".encode()
    return post(path, body, f"multipart/form-data; boundary={boundary}")


async def sent(port: int, requests: Sequence[str], *, connections: int, seconds: float | None = None) -> Findings:
    """Send *requests* over and over for *seconds*, or each once; raise unless every answer was a success."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.service.load", stdin=PIPE, stdout=PIPE
    )
    wanted = Specification(port, list(requests), connections, seconds)
    answer, _ = await process.communicate(json.dumps(asdict(wanted)).encode())
    if process.returncode:
        message = "the load generator has failed; what it said stands above"
        raise RuntimeError(message)
    found = Findings(**json.loads(answer))
    if not found.answers or not all(status.startswith("2") for status in found.answers):
        message = f"answered {found.answers}"
        raise RuntimeError(message)
    return found
