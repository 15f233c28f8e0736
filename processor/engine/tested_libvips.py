"""Finds out, without loading any, whether pyvips would load the libvips that Icecube is tested with.

pyvips loads libvips through a module named `_libvips`. pyvips-binary brings one, linked to its own libvips. pyvips is
installed from source, and where it finds the system's libvips and a compiler it puts another in the same place.
"""

import base64
import hashlib
import sys
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, distribution, version
from importlib.util import find_spec
from pathlib import Path

TESTED = "8.18"
"""The release series of libvips, and of pyvips-binary, which counts the same."""


class UntestedLibvipsError(Exception):
    """Images would be processed by a libvips that nobody tested; the message says how to get the right one."""

    def __init__(self) -> None:
        again = f"{sys.executable} -m pip install --force-reinstall --no-deps --no-cache-dir"
        super().__init__(
            f"pyvips would load another libvips than the tested one, {TESTED} from the package pyvips-binary: "
            "install both packages again, in a clone with `make clean build`, elsewhere with "
            f"`PKG_CONFIG=false {again} pyvips=={version('pyvips')} && {again} 'pyvips-binary=={TESTED}.*'`"
        )


def require_tested_libvips() -> None:
    """Raise `UntestedLibvipsError` unless pyvips would load the tested libvips."""
    binary = distribution("pyvips-binary")
    if not binary.version.startswith(f"{TESTED}.") or not is_module_of(binary, find_spec("_libvips")):
        raise UntestedLibvipsError


def is_module_of(package: Distribution, module: ModuleSpec | None) -> bool:
    """Say whether *module* is a file that *package* brought, unchanged since."""
    if module is None or module.origin is None:
        return False
    found = Path(module.origin).resolve()
    brought = {Path(str(file.locate())).resolve(): file.hash for file in package.files or ()}
    recorded = brought.get(found)
    return recorded is not None and _sha256(found) == recorded.value


def _sha256(path: Path) -> str:
    """Return the digest of a file as the records of installed packages spell it."""
    return base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
