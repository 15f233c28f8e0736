"""Asks PostgreSQL how it would make each list, on tables of many rows: `python -m tests.bench.lists --rows 1000000`.

Exit status 1 where a page reads more rows than it should: time is the machine's, what is read is the index's.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from deploy.local.postgres.server import embedded_postgres
from ingest_api.job_store.migrating import migrate
from ingest_api.job_store.statements import statement
from tests.bench.lists.tables import fill

_LIMIT = 51
_MOST_ROWS = 4000
"""Read for a page of 50: the thousand jobs that have not ended are found through two indexes, and sorted."""


@dataclass(frozen=True)
class Question:
    """A list, by the filters that are set."""

    name: str
    sql: str
    arguments: tuple[Any, ...]


def questions(rows: int) -> Iterator[Question]:
    """Yield every combination that a client may ask for, from the newest and from the middle."""
    middle = UUID(f"{1700000000000 + rows // 2:012x}70008000000000000000")
    original = UUID(f"{1700000000000 + rows // 2:012x}70008000{rows // 2:012x}")
    batch = UUID(int=rows // 4000)
    for where, before in (("newest", None), ("middle", middle)):
        for owner in (None, "large", "small"):
            whose = owner or "all"
            yield Question(f"images {whose} {where}", "list_images", (before, owner, None, _LIMIT))
            yield Question(f"images {whose} {where} original", "list_images", (before, owner, original, _LIMIT))
            for tag in ("shop:common", "order:4712", "order:unheard"):
                name, _, value = tag.partition(":")
                by_tag = (tag, json.dumps({name: value}))
                yield Question(
                    f"images {whose} {where} {tag}", "list_tagged_images", (before, owner, None, _LIMIT, *by_tag)
                )
                of_tag = (before, owner, None, None, None, None, _LIMIT, None, *by_tag)
                yield Question(f"jobs {whose} {where} {tag}", "list_tagged_jobs", of_tag)
            for state, unfinished in ((None, None), ("pending", True), ("failed", False), ("completed", False)):
                for code in (None, "rare"):
                    if code and state not in (None, "failed"):
                        continue
                    name = " ".join(filter(None, ("jobs", whose, where, state, code)))
                    yield Question(name, "list_jobs", (before, owner, None, state, unfinished, code, _LIMIT, None))
            of_original = (before, owner, original, None, None, None, _LIMIT, None)
            yield Question(f"jobs {whose} {where} original", "list_jobs", of_original)
            of_batch = (before, owner, None, None, None, None, _LIMIT, batch)
            yield Question(f"jobs {whose} {where} batch", "list_jobs", of_batch)


async def explain(connection: asyncpg.Connection, question: Question) -> tuple[float, int, str]:
    """Return milliseconds, rows read, and the index or scan that was used."""
    async with connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        text = await connection.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement(question.sql)}", *question.arguments
        )
    (report,) = json.loads(text)
    nodes = list(_nodes(report["Plan"]))
    read = sum(
        int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in nodes
        if "Scan" in node["Node Type"]
    )
    used = ", ".join(node.get("Index Name", node["Node Type"]) for node in nodes if "Scan" in node["Node Type"])
    return report["Execution Time"] + report["Planning Time"], read, used


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


async def measure(dsn: str, rows: int) -> int:
    """Fill the tables, ask everything, print a line each; return how many read too much."""
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    began = time.monotonic()
    await fill(connection, rows)
    print(f"{rows} images and {rows} jobs in {time.monotonic() - began:.0f} s")  # noqa: T201 - a command's output
    too_much = 0
    for question in questions(rows):
        milliseconds, read, used = await explain(connection, question)
        is_wrong = read > _MOST_ROWS
        too_much += is_wrong
        print(f"{'!' if is_wrong else ' '} {milliseconds:8.2f} ms {read:8} rows  {question.name:<40} {used}")  # noqa: T201 - see above
    await connection.close()
    return too_much


def main() -> int:
    """Run it on a PostgreSQL of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lists")
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with (
        tempfile.TemporaryDirectory(prefix="icecube-lists-") as folder,
        embedded_postgres(Path(folder) / "postgres", durable=False) as server,
    ):
        return 1 if asyncio.run(measure(server.dsn, rows)) else 0


if __name__ == "__main__":
    sys.exit(main())
