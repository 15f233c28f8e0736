"""Children are kept running, stopped in order, and never outlive their supervisor."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.local.processes.child import Child, ChildFailedError
from deploy.local.processes.supervisor import Supervisor

_WRITE_AND_WAIT = """
import os, pathlib, signal, sys, time
folder, name, on_term = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
def note(what):
    with open(folder / "notes", "a") as notes: notes.write(f"{name} {what}\\n")
def stop(*_):
    note("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if on_term == "ignore" else stop)
(folder / f"{name}.pid").write_text(str(os.getpid()))
note("started")
while True: time.sleep(0.05)
"""
_SUPERVISED = """
import asyncio, sys, pathlib
from deploy.local.processes.child import Child
from deploy.local.processes.supervisor import Supervisor
CHILD = '''
import os, pathlib, subprocess, sys, time
from deploy.local.processes import lifeline
lifeline.hold(os.environ, grace_seconds=0.2)
if sys.argv[2] == "ignore":
    import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen(["sleep", "600"])
pathlib.Path(sys.argv[1]).write_text(f"{os.getpid()} {grandchild.pid}")
time.sleep(600)
'''
async def main(path, on_term):
    async with Supervisor(grace_seconds=5) as supervisor:
        await supervisor.start([Child("one", (sys.executable, "-c", CHILD, path, on_term))], within_seconds=60)
        await asyncio.Event().wait()
asyncio.run(main(*sys.argv[1:]))
"""


def _child(folder: Path, name: str, *, on_term: str = "obey") -> Child:
    async def has_started() -> bool:
        return f"{name} started" in _notes(folder)

    command = (sys.executable, "-c", _WRITE_AND_WAIT, str(folder), name, on_term)
    return Child(name, command, is_ready=has_started)


def _notes(folder: Path) -> list[str]:
    notes = folder / "notes"
    return notes.read_text().splitlines() if notes.exists() else []


def _pid(folder: Path, name: str) -> int:
    return int((folder / f"{name}.pid").read_text())


async def _until_noted(folder: Path, note: str, *, times: int = 1) -> None:
    await asyncio.to_thread(_wait_until, lambda: _notes(folder).count(note) >= times)


async def _start_all(*children: Child, within_seconds: float = 60) -> None:
    async with Supervisor(grace_seconds=60) as supervisor:
        for child in children:
            await supervisor.start([child], within_seconds=within_seconds)


async def _run_once(child: Child) -> None:
    async with Supervisor(grace_seconds=60) as supervisor:
        await supervisor.run_once(child)


async def test_children_stop_in_the_reverse_of_their_start(tmp_path: Path) -> None:
    """What was started last is stopped first, and a stage waits for the one after it."""
    async with Supervisor(grace_seconds=60) as supervisor:
        for name in ("database", "api", "processor"):
            await supervisor.start([_child(tmp_path, name)], within_seconds=60)

    assert _notes(tmp_path) == [
        "database started", "api started", "processor started",
        "processor stopped", "api stopped", "database stopped",
    ]  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_child_that_dies_is_started_again(tmp_path: Path, number: signal.Signals) -> None:
    """However a child went, unasked, another takes its place."""
    async with Supervisor(grace_seconds=60) as supervisor:
        await supervisor.start([_child(tmp_path, "api")], within_seconds=60)
        first = _pid(tmp_path, "api")

        os.kill(first, number)
        await _until_noted(tmp_path, "api started", times=2)
        second = _pid(tmp_path, "api")

    assert second != first
    assert _notes(tmp_path)[-1] == "api stopped"


async def test_a_child_that_will_not_stop_is_killed_after_the_grace(tmp_path: Path) -> None:
    """A child that ignores SIGTERM does not hold up the stop for longer than the grace."""
    async with Supervisor(grace_seconds=0.3) as supervisor:
        await supervisor.start([_child(tmp_path, "deaf", on_term="ignore")], within_seconds=60)
        process = psutil.Process(_pid(tmp_path, "deaf"))

    assert not process.is_running()


async def test_a_kill_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    """Asked a second time, the supervisor kills at once, whatever grace was left."""
    async with asyncio.timeout(60), Supervisor(grace_seconds=600) as supervisor:
        await supervisor.start([_child(tmp_path, "deaf", on_term="ignore")], within_seconds=60)
        process = psutil.Process(_pid(tmp_path, "deaf"))

        supervisor.kill()

    assert not process.is_running()


async def test_a_child_that_fails_at_the_start_is_told_and_not_repeated(tmp_path: Path) -> None:
    """A child that ends before it is ready fails the start, with its exit status, and the others are stopped."""
    failing = Child("api", (sys.executable, "-c", "raise SystemExit(7)"), is_ready=_never)

    with pytest.raises(ChildFailedError, match="api ended with status 7 before it was ready"):
        await _start_all(_child(tmp_path, "database"), failing)

    assert _notes(tmp_path) == ["database started", "database stopped"]


async def test_a_program_that_is_missing_fails_the_start() -> None:
    """A command that cannot be run is told with the system's words."""
    with pytest.raises(ChildFailedError, match=r"api could not be started: .*No such file"):
        await _start_all(Child("api", ("/nonexistent/program",), is_ready=_never))


async def test_readiness_of_an_earlier_run_does_not_count(tmp_path: Path) -> None:
    """What an earlier run left behind is cleared away before a child is asked whether it is ready."""
    ready = tmp_path / "ready"
    ready.touch()

    async def is_ready() -> bool:
        return await asyncio.to_thread(ready.exists)

    script = f"import os, time; time.sleep(0.3); open('draft', 'w').close(); os.rename('draft', {str(ready)!r})"
    command = (sys.executable, "-c", f"import os; os.chdir({str(tmp_path)!r}); {script}; time.sleep(600)")
    child = Child("late", command, is_ready=is_ready, prepare=ready.unlink)

    await _start_all(child)

    assert ready.exists()


async def test_a_child_that_never_gets_ready_fails_the_start(tmp_path: Path) -> None:
    """Readiness is waited for no longer than was said, and the child is stopped."""
    stuck = Child("api", _child(tmp_path, "api").command, is_ready=_never)

    with pytest.raises(ChildFailedError, match=r"api was not ready within 0\.5 s"):
        await _start_all(stuck, within_seconds=0.5)

    assert "api started" not in _notes(tmp_path) or "api stopped" in _notes(tmp_path)


async def test_a_single_run_ends_before_the_next_start(tmp_path: Path) -> None:
    """A child that is run once has done its work when the call returns."""
    done = tmp_path / "done"

    await _run_once(Child("migrate", (sys.executable, "-c", f"open({str(done)!r}, 'w')")))

    assert done.exists()


async def test_a_single_run_that_fails_is_told() -> None:
    """A child that is run once fails the start unless it ends with status 0."""
    failing = Child("migrate", (sys.executable, "-c", "raise SystemExit(3)"))

    with pytest.raises(ChildFailedError, match="migrate ended with status 3"):
        await _run_once(failing)


@pytest.mark.parametrize("on_term", ["obey", "ignore"])
def test_kill_9_of_the_supervisor_leaves_nothing(tmp_path: Path, on_term: str) -> None:
    """When the supervisor is killed with -9, its children end by themselves, deaf ones and grandchildren too."""
    pids = tmp_path / "pids"
    supervisor = subprocess.Popen([sys.executable, "-c", _SUPERVISED, str(pids), on_term])
    _wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    family = [psutil.Process(int(pid)) for pid in pids.read_text().split()]

    supervisor.kill()
    supervisor.wait()
    expected_gone = family if on_term == "ignore" else family[:1]
    _, alive = psutil.wait_procs(expected_gone, timeout=60)
    for process in family:
        if process.is_running():
            process.kill()

    assert alive == []


async def _never() -> bool:
    return False


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
