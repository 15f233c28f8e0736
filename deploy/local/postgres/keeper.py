"""The process that runs the embedded PostgreSQL under `icecube up`: `python -m deploy.local.postgres.keeper FOLDER`."""

import argparse
import os
import sys
from pathlib import Path

from deploy.local.folders.atomic_file import replace_text
from deploy.local.postgres.server import STOP_SECONDS, EmbeddedPostgresError, embedded_postgres
from deploy.local.processes import lifeline
from deploy.local.processes.stopping import exit_on_signal


def run(folder: Path, *, durable: bool, ready_file: Path) -> int:
    """Run PostgreSQL until it ends or we are stopped; write its DSN to *ready_file* once it answers."""
    with embedded_postgres(folder, durable=durable) as server:
        replace_text(ready_file, server.dsn)
        server.process.wait()
    return 1  # nobody asked us to stop it


def main() -> int:
    """Run the server that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--not-durable", action="store_true", help="skip fsync: for data that nobody keeps")
    arguments = parser.parse_args()
    exit_on_signal()
    lifeline.hold(os.environ, grace_seconds=STOP_SECONDS)
    try:
        ready_file = Path(os.environ["ICECUBE_READY_FILE"])
        return run(arguments.folder, durable=not arguments.not_durable, ready_file=ready_file)
    except EmbeddedPostgresError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
