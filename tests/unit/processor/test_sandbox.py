"""What hostile code finds in an image process: each promise of docs/engine.md, tried in a real child."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from processor.engine import ImageRefusedError
from processor.engine.sandbox import kernel, landlock, seccomp
from processor.engine.sandbox.calls import ALLOWED, conditional
from processor.pool import Loss, WorkerLostError
from tests.unit.processor.hostilities import ATTEMPTS
from tests.unit.processor.pools import Witness, a_pool, a_request, ordered

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux confines image processes")
NEEDS_LANDLOCK = pytest.mark.skipif(not landlock.version(), reason="needs a kernel with Landlock")
NEEDS_SECCOMP = pytest.mark.skipif(not seccomp.is_supported(), reason="needs a kernel with seccomp")

HARMLESS = {
    "read Python's modules": "done",
    "thread": "done",
    "environment": ["RAYON_NUM_THREADS", "VIPS_DISC_THRESHOLD"],
    "standard streams": [True, True, True],
    "descriptors": [oct(0o010000), oct(0o100000), oct(0o140000)],  # the tests' pipe, the original, the socket
}
"""What is allowed, or found, and does no harm."""

UNOPENED = {
    "read a file": "EACCES",
    "list a folder": "EACCES",
    "list the processes": "EACCES",
    "read the parent's environment": "EACCES",
    "read its own status": "EACCES",
}
"""What Landlock answers."""

NEW_CALLS = {"io_uring": "ENOSYS", "clone3": "ENOSYS", "pidfd": "ENOSYS"}
"""Calls since Linux 5.1, which are not there for a child."""

_LIMIT = "not allowed to raise maximum limit"
LIMITED = {"write the original": "EBADF", "raise its memory": _LIMIT, "raise its files' size": _LIMIT}
"""What the kernel refuses whoever has no privileges, and an original that is open to be read only."""

ANSWERS = dict.fromkeys(ATTEMPTS, "EPERM") | HARMLESS | UNOPENED | NEW_CALLS | LIMITED
LETHAL = "another architecture"


def status_of(process_id: int) -> dict[str, str]:
    """Return what the kernel tells of a process."""
    lines = Path(f"/proc/{process_id}/status").read_text("ascii").splitlines()
    return dict(line.split(":\t", 1) for line in lines)


async def found_by(name: str, folder: Path, witness: Witness) -> Any:
    """Return what a child is answered that tries *name*."""
    async with a_pool(load_work=witness.load_work) as pool:
        with pytest.raises(ImageRefusedError) as caught:
            await pool.make(ordered(folder, name), [a_request(folder)])
    return json.loads(caught.value.reason)


@NEEDS_LANDLOCK
@NEEDS_SECCOMP
@pytest.mark.parametrize("name", sorted(ATTEMPTS.keys() - {LETHAL}))
async def test_a_child_has_nothing_to_reach(
    tmp_path: Path, witness: Witness, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """No file, no descriptor of the parent's, no secret, no network, no program, no process, no privilege."""
    monkeypatch.setenv("ICECUBE_SECRET", "hunter2")
    opened = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(opened, True)

    try:
        assert await found_by(name, tmp_path, witness) == ANSWERS[name]
    finally:
        os.close(opened)


@NEEDS_SECCOMP
@pytest.mark.skipif(not kernel.ON_X86_64, reason="calls by 32-bit numbers as x86-64 has them")
async def test_a_call_by_another_architectures_number_is_fatal(tmp_path: Path, witness: Witness) -> None:
    """Its numbers mean other calls, so no list of ours holds for them."""
    async with a_pool(load_work=witness.load_work) as pool:
        with pytest.raises(WorkerLostError) as caught:
            await pool.make(ordered(tmp_path, LETHAL), [a_request(tmp_path)])

    assert caught.value.code is Loss.WORKER_CRASHED


async def test_the_kernel_tells_that_a_child_has_no_privileges(tmp_path: Path, witness: Witness) -> None:
    """No capability is left, not even where the parent is root, none can be gained, and a filter is in force."""
    async with a_pool(load_work=witness.load_work) as pool:
        with pytest.raises(ImageRefusedError):
            await pool.make(ordered(tmp_path, "environment"), [a_request(tmp_path)])
        [process_id] = pool.process_ids
        status = status_of(process_id)
        group = os.getpgid(process_id)

    none = "0" * 16
    assert [status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")] == [none] * 4
    if os.geteuid() == 0:
        assert status["CapBnd"] == none
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == ("2" if seccomp.is_supported() else "0")
    assert group == process_id


@NEEDS_SECCOMP
def test_the_filter_knows_each_call_once() -> None:
    """A call that is allowed without a condition would make its condition void."""
    for column in (0, 1):
        numbers = [both[column] for both in ALLOWED.values()]
        numbers += [both[column] for both, _ in conditional(1).values()]

        assert len(numbers) == len(set(numbers))
        assert max(numbers) < seccomp.FIRST_NEW_CALL
