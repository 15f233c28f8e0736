"""The process that image processes are forked from: it has imported what they need, and nothing of the parent's."""

import multiprocessing
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running

_IMPORTED_ONCE = ["__main__", "processor.engine.confinement", "processor.engine.recipe"]
"""Python imports the main program's file in every child; once is enough."""


def fork_server() -> ForkServerContext:
    """Return the context whose processes come from the server; it is started at once and imports on its own time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED_ONCE)
    ensure_running()
    return context
