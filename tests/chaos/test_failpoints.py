"""The failpoints: each is where it says, once, and does nothing unless it is armed."""

import ast
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import common
import ingest_api
import processor
from common.failpoints import ARMED_FOLDER, Failpoint

POINT = Failpoint.RESULT_SENT_NOT_ACKNOWLEDGED
PASS_IT = f"from common.failpoints import Failpoint, fail_at; fail_at(Failpoint.{POINT.name}); print('passed')"


def points_in_the_code() -> Iterator[str]:
    """Yield the name of the point in every call of `fail_at` in the services."""
    for package in (common, ingest_api, processor):
        for file in Path(package.__path__[0]).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                match node:
                    case ast.Call(func=ast.Name("fail_at"), args=[ast.Attribute(attr=name)]):
                        yield name
                    case _:
                        pass


def passing_process(environment: dict[str, str]) -> "subprocess.CompletedProcess[bytes]":
    """Return the end of a process that passes the point with only *environment* added to ours."""
    return subprocess.run(
        [sys.executable, "-c", PASS_IT], env=os.environ | environment, capture_output=True, check=False
    )


def test_every_point_is_in_the_code_once() -> None:
    """A point that no code reaches, or that two places share, would prove nothing."""
    found = Counter(points_in_the_code())

    assert found == Counter(point.name for point in Failpoint)


@pytest.mark.parametrize("is_named", [False, True])
def test_a_point_that_is_not_armed_does_nothing(tmp_path: Path, *, is_named: bool) -> None:
    """Without the test setting, and with it but without a file of that name, the process goes on."""
    (tmp_path / Failpoint.JOB_COMMITTED_NOT_ANSWERED).touch()

    process = passing_process({ARMED_FOLDER: str(tmp_path)} if is_named else {})

    assert (process.returncode, process.stdout) == (0, b"passed\n")


def test_an_armed_point_kills_the_first_that_reaches_it(tmp_path: Path) -> None:
    """It ends as by kill -9, and the next process passes: the point is armed once."""
    (tmp_path / POINT).touch()

    first, second = (passing_process({ARMED_FOLDER: str(tmp_path)}) for _ in range(2))

    assert (first.returncode, first.stdout) == (-signal.SIGKILL, b"")
    assert second.returncode == 0
