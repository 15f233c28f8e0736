"""An unsupported Python or machine is refused before anything is installed, and told which are supported."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "deploy/supported.py"


def asked(pretence: str = "pass") -> subprocess.CompletedProcess[str]:
    """Run the script in an interpreter that first runs *pretence*."""
    program = f"import platform, runpy, sys; {pretence}; runpy.run_path({str(SCRIPT)!r})"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_this_python_is_supported() -> None:
    """What the tests run on is supported."""
    answer = asked()

    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.parametrize("version", ["(3, 11, 0)", "(3, 12, 9)", "(3, 13, 1)"])
def test_supported_versions_pass(version: str) -> None:
    """Each supported version passes, whatever its third number."""
    assert asked(f"sys.version_info = {version}").returncode == 0


@pytest.mark.parametrize(
    "pretence",
    [
        "sys.version_info = (3, 10, 14)",
        "sys.version_info = (3, 14, 0)",
        "platform.python_implementation = lambda: 'PyPy'",
        "platform.machine = lambda: 'armv7l'",
        "platform.libc_ver = lambda: ('glibc', '2.17')",
        "platform.libc_ver = lambda: ('', '')",  # musl
        "sys.platform = 'win32'",
    ],
)
def test_others_are_refused(pretence: str) -> None:
    """Each other Python, machine, C library and system is told what is supported and what it is."""
    answer = asked(pretence)

    assert answer.returncode == 1
    assert answer.stderr.startswith(
        "Icecube needs CPython 3.11, 3.12 or 3.13 on 64-bit Linux (glibc 2.28 or newer) or macOS; this is "
    )
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13", "3.14", "4.0"])
def test_package_asks_for_the_same_versions(version: str) -> None:
    """Installers refuse exactly the versions that the script refuses."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    major, minor = version.split(".")

    passes = asked(f"sys.version_info = ({major}, {minor}, 0)").returncode == 0

    assert passes == (version in SpecifierSet(project["requires-python"]))
