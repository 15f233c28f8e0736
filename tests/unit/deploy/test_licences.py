"""Every licence of an installation is told, those of native libraries inside wheels as well."""

import re
from importlib.metadata import distribution

import pytest

from deploy.reference.licences import BUNDLED, licences, locked_packages

_COPYLEFT = re.compile(r"(?<!L)(?<!Lesser )(A?GPL|General Public License|SSPL|BUSL)", re.IGNORECASE)
_OWN_EXTENSION = re.compile(r"\.(?:cpython-\d+|abi3)[\w-]*\.so$")


def _foreign_libraries(package: str) -> list[str]:
    """Return the shared libraries in the package's wheel that are no Python extensions of its own."""
    files = [str(file) for file in distribution(package).files or []]
    return [name for name in files if re.search(r"\.so(\.\d+)*$", name) and not _OWN_EXTENSION.search(name)]


@pytest.mark.parametrize("package", [name for name, _ in locked_packages()])
def test_a_wheel_with_libraries_of_others_is_in_the_table(package: str) -> None:
    """Whoever adds such a wheel looks its libraries' licences up."""
    assert not _foreign_libraries(package) or package in BUNDLED


def test_the_table_names_only_what_is_locked() -> None:
    """A row of a package that has gone would mislead."""
    assert BUNDLED.keys() <= {name for name, _ in locked_packages()}


def test_nothing_is_copyleft_beyond_the_lgpl() -> None:
    """A package under the GPL, AGPL or a source-available licence would bind those who ship Icecube."""
    rows = [line for line in licences().splitlines() if line.startswith("| ")]
    lgpl = re.compile(r"LGPL|GNU Lesser General Public License|GNU Library or Lesser General Public License \(LGPL\)")

    assert [row for row in rows if _COPYLEFT.search(lgpl.sub("", row))] == []
