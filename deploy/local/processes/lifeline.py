"""Ends this process when its supervisor is gone, however it ended.

The supervisor holds the write end of a pipe and never writes; the kernel closes it when the supervisor
dies, kill -9 included, and every child reads the end of file. Unlike a parent-death signal this works
on every Unix, and has no race at the start.
"""

import os
import signal
import threading
import time
from collections.abc import Mapping

VARIABLE = "ICECUBE_LIFELINE_FD"
ORPHAN_GRACE_SECONDS = 5.0
"""For children without unfinished work: nobody waits for them, and the broker may be gone with the supervisor."""


def hold(environment: Mapping[str, str], *, grace_seconds: float) -> None:
    """Watch the lifeline that *environment* names, from a thread; do nothing if it names none.

    When it breaks, this process gets SIGTERM, and after the grace its whole process group SIGKILL.
    """
    if VARIABLE in environment:
        descriptor = int(environment[VARIABLE])
        os.set_inheritable(descriptor, False)
        watch = threading.Thread(target=_watch, args=(descriptor, grace_seconds), name="lifeline", daemon=True)
        watch.start()


def _watch(descriptor: int, grace_seconds: float) -> None:
    while os.read(descriptor, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_seconds)
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)  # and its children that it could not stop
    os.kill(os.getpid(), signal.SIGKILL)
