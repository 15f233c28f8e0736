"""Writes the generated documents, and finds stale ones in a working tree."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from deploy.reference.asyncapi import asyncapi
from deploy.reference.configuration import configuration
from deploy.reference.env_example import env_example
from deploy.reference.licences import licences
from deploy.reference.openapi import openapi


def _json(document: Callable[[], Mapping[str, Any]]) -> Callable[[], str]:
    return lambda: json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


DOCUMENTS: dict[str, Callable[[], str]] = {
    ".env.example": env_example,
    "docs/asyncapi.json": _json(asyncapi),
    "docs/configuration.md": configuration,
    "docs/licences.md": licences,
    "docs/openapi.json": _json(openapi),
}
"""The text of each document, by its path from the top of the tree."""


def stale(root: Path) -> list[str]:
    """Return the paths of documents below *root* that are missing or stale."""
    return [name for name, text in DOCUMENTS.items() if _content(root / name) != text()]


def write(root: Path, names: Iterable[str]) -> None:
    """Write the documents named *names* below *root*."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(DOCUMENTS[name](), "utf-8", newline="\n")


def _content(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None
