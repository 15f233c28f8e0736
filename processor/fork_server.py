"""The process that forks image processes: it has imported what they need, and holds nothing of the parent."""

import multiprocessing
import signal
from multiprocessing import resource_tracker
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running

_IMPORTED_ONCE = ["__main__", "processor.pool.child", "processor.engine.libvips", "processor.engine.recipe"]
"""Python imports the main program's file in every child; once is enough."""


def fork_server() -> ForkServerContext:
    """Return the context whose processes come from the server; it starts at once and imports in the background.

    It and its children ignore a terminal's Ctrl-C: they end with this process.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED_ONCE)
    resource_tracker.ensure_running()  # which would unblock the signal, when it is started along with the server
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the server inherits it
    try:
        ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context
