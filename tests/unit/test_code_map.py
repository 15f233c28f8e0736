"""The documents name files and rooms that exist, and forget no room."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
PACKAGES = ("common", "ingest_api", "processor", "deploy", "tests")
A_PATH = re.compile(rf"`((?:{'|'.join(PACKAGES)})/[\w./-]*)`")


def paths_in(document: Path) -> Iterator[str]:
    """Yield what *document* names below one of our packages."""
    yield from A_PATH.findall(document.read_text("utf-8"))


def rooms_in_architecture(package: str) -> set[str]:
    """Return the rooms that the code map's table of *package* lists."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    table = text.split(f"| room of `{package}` |", 1)[1].split("\n\n", 1)[0]
    first_cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    return {name.rstrip("/") for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)}


def rooms_of(package: str) -> set[str]:
    """Return the folders and modules at the door of *package*."""
    children = [path for path in (ROOT / package).iterdir() if not path.name.startswith("__")]
    return {path.name for path in children if path.suffix == ".py" or (path / "__init__.py").exists()}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    """A reader who follows a path from a document arrives."""
    assert [path for path in paths_in(document) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("package", ["ingest_api", "processor"])
def test_the_code_map_lists_every_room(package: str) -> None:
    """A room that was added or removed stands in the code map, or does not."""
    assert rooms_in_architecture(package) == rooms_of(package)
