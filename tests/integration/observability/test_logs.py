"""Logs: for machines or for people, one job's lines found by one id, and never a secret."""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from common.ids import new_id
from common.logs import configure
from common.settings.groups import LogFormat, ServerSettings
from common.settings.model import Settings
from ingest_api.app import create_app
from tests.factories import images
from tests.integration.observability.observed import Observed, Trace, finished_job, new_trace, observed_icecube
from tests.services.s3 import S3Server

LOG_SECONDS = 60


def records(log: Path) -> list[dict[str, Any]]:
    """Return every whole JSON line of a log; `icecube up` says a few words to people between them."""
    lines = log.read_text("utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]


def records_of(trace: Trace, log: Path, *, wanted: set[str]) -> list[dict[str, Any]]:
    """Return the lines of *trace*, once there are all the *wanted* events: a job's end can be seen before its line."""
    deadline = time.monotonic() + LOG_SECONDS
    while True:
        found = [record for record in records(log) if record.get("trace_id") == trace.trace_id]
        if wanted <= {record["event"] for record in found} or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_a_caller_finds_its_own_ids(observed: Observed) -> None:
    """The id and the trace of a request come back in the answer; the trace goes on from ours."""
    trace = new_trace()

    answer = httpx.get(f"{observed.icecube.api}/api/v1/health", headers={"X-Request-ID": "call-7", **trace.headers})

    assert answer.headers["X-Request-ID"] == "call-7"
    version, trace_id, span_id, flags = answer.headers["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", trace.trace_id, "01")
    assert span_id != trace.parent_id


def test_a_caller_without_ids_is_given_some(observed: Observed) -> None:
    """Every answer names its request and its trace, also one that is an error."""
    first, second = (httpx.get(f"{observed.icecube.api}/image/{new_id()}") for _ in range(2))

    assert first.status_code == 404
    for header in ("X-Request-ID", "traceparent"):
        assert first.headers[header] != second.headers[header]


@pytest.mark.parametrize("unusable", ["a b", "x" * 129, "{}", "ä".encode()])
def test_an_unusable_request_id_is_replaced(observed: Observed, unusable: str | bytes) -> None:
    """What could forge or flood a log line is not taken over."""
    answer = httpx.get(f"{observed.icecube.api}/api/v1/health", headers=[(b"X-Request-ID", _bytes(unusable))])

    assert answer.status_code == 200
    assert answer.headers["X-Request-ID"].encode() != _bytes(unusable)


async def test_a_surprise_is_answered_and_logged_with_its_ids() -> None:
    """Of all answers, a 500 is the one whose log line is looked for."""
    app = create_app(Settings())

    @app.get("/surprise")
    async def surprise() -> None:
        raise ZeroDivisionError

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as told:
            answer = await http.get("/surprise", headers={"X-Request-ID": "call-7"})

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["X-Request-ID"] == "call-7"
    (failed,) = [line for line in told if line["event"] == "request failed"]
    assert failed["request_id"] == "call-7"
    assert failed["trace_id"] == answer.headers["traceparent"].split("-")[1]


def test_the_lines_of_a_job_are_found_by_its_trace(observed: Observed) -> None:
    """API and processor write the trace of the client that asked into every line about its job."""
    trace = new_trace()

    assert finished_job(observed.icecube, trace.headers) == "completed"

    wanted = {"originals stored", "job accepted", "variants stored", "job ended"}
    told = records_of(trace, observed.log, wanted=wanted)
    assert wanted <= {record["event"] for record in told}
    of_the_job = [record for record in told if "job_id" in record]
    assert len({record["job_id"] for record in of_the_job}) == 1
    assert all(record.keys() >= {"level", "logger", "timestamp"} for record in told)


def test_no_secret_is_logged(tmp_path: Path, s3_server: S3Server) -> None:
    """At the most talkative level, with jobs done and requests refused, no log line holds what opens a door."""
    secrets = {"authorization": f"Bearer {new_id().hex}", "cookie": f"session={new_id().hex}"}
    settings = {
        "ICECUBE_LOG_LEVEL": "debug",
        "ICECUBE_BLOB_TYPE": "s3",
        "ICECUBE_BLOB_S3_ENDPOINT": s3_server.endpoint,
        "ICECUBE_BLOB_S3_BUCKET": s3_server.bucket,
        "ICECUBE_BLOB_S3_REGION": s3_server.region,
        "AWS_ACCESS_KEY_ID": s3_server.access_key_id,
        "AWS_SECRET_ACCESS_KEY": s3_server.secret_access_key,
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=collector-secret",
    }

    with observed_icecube(tmp_path, **settings) as observed:
        assert finished_job(observed.icecube, secrets) == "completed"
        assert finished_job(observed.icecube, secrets, photo=images.photo()[:-3000]) == "failed"
        assert httpx.post(f"{observed.icecube.api}/api/v1/job", headers=secrets, json={}).status_code == 400

    log = observed.log.read_text("utf-8")
    assert any(record["level"] == "debug" for record in records(observed.log))
    for secret in (*secrets.values(), s3_server.secret_access_key, "collector-secret"):
        assert secret.split()[-1] not in log


@pytest.fixture
def logging_put_back() -> Iterator[None]:
    """Leave logging as it was before the test."""
    handlers, level = logging.root.handlers, logging.root.level
    yield
    logging.root.handlers = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("logging_put_back")
@pytest.mark.parametrize("log_format", [LogFormat.CONSOLE, LogFormat.JSON])
def test_a_traceback_shows_no_variables(capsys: pytest.CaptureFixture[str], log_format: LogFormat) -> None:
    """A DSN in a local variable stays there, in both formats, in our records and in those of libraries."""
    configure(ServerSettings(log_format=log_format))

    for log in (structlog.get_logger(), logging.getLogger("library")):
        try:
            _fails_with_a_password_at_hand()
        except ZeroDivisionError:
            log.exception("failed")

    told = capsys.readouterr().err
    assert told.count("ZeroDivisionError") == 2
    assert "s3cret" not in told


_TALKATIVE = """
import logging, structlog
from common.logs import configure
from common.settings.groups import ServerSettings
configure(ServerSettings())
for _ in range(1000):
    structlog.get_logger("ours").error("a line that nobody will read")
    logging.getLogger("library").error("nor this one")
print("went on")
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_below_the_log_stops_no_work() -> None:
    """Lines that cannot be written are lost, and whoever wrote them goes on."""
    with Path("/dev/full").open("wb") as full:
        told = subprocess.run([sys.executable, "-c", _TALKATIVE], stdout=subprocess.PIPE, stderr=full, check=False)

    assert told.stdout == b"went on\n"


def _fails_with_a_password_at_hand() -> float:
    dsn = "postgres://user:" + "s3cret"[:6] + "@db/icecube"
    return len(dsn) / 0


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
