"""Loads the SQL statements by the names of their files."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """Return the text of `sql/<name>.sql`."""
    return (files("ingest_api.job_store") / "sql" / f"{name}.sql").read_text("utf-8")
