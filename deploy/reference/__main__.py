"""Writes the reference into the working tree, or lists its stale documents."""

import argparse
import sys
from pathlib import Path

from deploy.reference.documents import stale, write


def main() -> int:
    """Write every document that is stale; with `--check`, name it and return 1 instead."""
    parser = argparse.ArgumentParser(prog="python -m deploy.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a document is stale")
    parser.add_argument("--root", type=Path, default=Path(), help="top of the working tree")
    arguments = parser.parse_args()
    found = stale(arguments.root)
    if arguments.check:
        sys.stderr.writelines(f"{name} is stale; run python -m deploy.reference\n" for name in found)
        return 1 if found else 0
    write(arguments.root, found)
    sys.stdout.writelines(f"{name} written\n" for name in found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
