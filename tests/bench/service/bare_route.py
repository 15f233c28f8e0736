"""The limit of the API's speed: routes that do nothing but answer the same bytes, under the same uvicorn settings.

`python -m tests.bench.service.bare_route PORT FOLDER` answers `/NAME` with the file of that name.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.ports import free_ports
from deploy.local.processes.stopping import stop

_START_SECONDS = 20


@contextmanager
def bare_routes(answers: Mapping[str, bytes]) -> Iterator[tuple[int, int]]:
    """Serve *answers* by name in a process of its own; yield its id and its port."""
    (port,) = free_ports(1)
    with TemporaryDirectory() as folder:
        for name, body in answers.items():
            Path(folder, name).write_bytes(body)
        process = subprocess.Popen([sys.executable, "-m", "tests.bench.service.bare_route", str(port), folder])
        try:
            _wait_until_it_answers(port, f"/{next(iter(answers))}")
            yield process.pid, port
        finally:
            stop(process, grace_seconds=5)


def _wait_until_it_answers(port: int, path: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            connection = HTTPConnection("127.0.0.1", port)
            connection.request("GET", path)
            connection.getresponse().read()
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _app(folder: Path) -> Starlette:
    answers = {path.name: path.read_bytes() for path in folder.iterdir()}

    async def answer(request: Request) -> Response:
        await request.body()
        return Response(answers[request.path_params["name"]], media_type="application/json")

    return Starlette(routes=[Route("/{name}", answer, methods=["GET", "POST"])])


def main() -> None:
    """Serve until told to stop; the settings are those of `ingest_api/server.py`."""
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    uvicorn.run(
        _app(folder), host="127.0.0.1", port=port,
        log_config=None, access_log=False, server_header=False, timeout_keep_alive=75,
    )  # fmt: skip


if __name__ == "__main__":
    main()
