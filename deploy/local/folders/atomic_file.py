"""Writes small files that others wait for: whole or absent, never half-written."""

from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Replace the content of *path* by *text* in one step; only our user can read it, as it may hold a password."""
    draft = path.with_name(f".{path.name}.new")
    draft.touch(mode=0o600)
    draft.write_text(text, "utf-8")
    draft.replace(path)
