"""Fills the tables with many rows, by SQL."""

from pathlib import Path

import asyncpg


async def fill(connection: asyncpg.Connection, rows: int) -> None:
    """Add so many images, and as many jobs, one on each."""
    await connection.execute("SET session_replication_role = replica")  # no foreign key is looked at: all are there
    for table in ("images", "jobs"):
        insert = Path(__file__).with_name(f"{table}.sql").read_text("utf-8")
        await connection.execute(insert, rows, timeout=None)
    for item in ("image", "job"):
        insert = Path(__file__).with_name("tags.sql").read_text("utf-8").format(item=item)
        await connection.execute(insert, timeout=None)
    await connection.execute("RESET session_replication_role")
    for table in ("images", "jobs", "image_tags", "job_tags"):
        await connection.execute(f"VACUUM (ANALYZE) {table}", timeout=None)
