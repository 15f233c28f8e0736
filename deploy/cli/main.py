"""The entry point of `icecube`: makes sure that it imports our packages, not others of the same name."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from deploy.cli.standard_streams import open_closed_streams

EXIT_REFUSED = 2
_OURS = ("common", "ingest_api", "processor")
_ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run the command that the arguments name; end with one sentence if another package hides one of ours."""
    with _ended_by_interrupt():
        open_closed_streams()
        for name in _OURS:
            if (found := _found(name)) != _ROOT / name:
                sys.stderr.write(_sentence(name, found))
                raise SystemExit(EXIT_REFUSED)
        from deploy.cli.command import app  # noqa: PLC0415 - imports what was just looked at
    app()


@contextmanager
def _ended_by_interrupt() -> Iterator[None]:
    """Let Ctrl-C end the process at once, without a traceback: while it imports there is nothing to clean up."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # not where it is ignored, as in a shell's background
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, before)


def _found(name: str) -> Path | None:
    """Return the folder, or the file, that Python would import as *name*."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        return None
    origin = Path(spec.origin).resolve()
    return origin.parent if origin.name == "__init__.py" else origin


def _sentence(name: str, found: Path | None) -> str:
    if found is None:
        return f"icecube: its package `{name}` is missing from {_ROOT}; install Icecube again.\n"
    return (
        f"icecube: Python finds another package named `{name}`, {found}, before Icecube's own: "
        f"take {found.parent} out of PYTHONPATH.\n"
    )
