"""Ends this process when the supervisor that started it is gone, however it went.

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
"""For whoever has nothing to lose: nobody waits for its drain, and with the supervisor its broker may be gone."""


def hold(environment: Mapping[str, str], *, grace_seconds: float) -> None:
    """Watch the lifeline that *environment* names, from a thread; nothing happens when it names none.

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
        os.killpg(os.getpid(), signal.SIGKILL)  # with it, whatever it started and could not stop
    os.kill(os.getpid(), signal.SIGKILL)
