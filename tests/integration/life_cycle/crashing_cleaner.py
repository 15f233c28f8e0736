"""A process that cleans what is due, until nothing is: `python -m … DSN FOLDER`. A failpoint may kill it."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from common.blob_store.disk import open_disk_store
from ingest_api.job_store.cleanings import PostgresCleanings
from ingest_api.job_store.connecting import open_pool
from ingest_api.life_cycle.cleaner import Cleaner

_NO_TIME = timedelta()


async def _clean(dsn: str, folder: Path) -> None:
    async with open_pool(dsn, max_connections=2) as pool, open_disk_store(folder) as blobs:
        cleaner = Cleaner(PostgresCleanings(pool), blobs, grace=_NO_TIME, marks_stay=_NO_TIME)
        while await cleaner.clean_due():
            pass


if __name__ == "__main__":
    asyncio.run(_clean(sys.argv[1], Path(sys.argv[2])))
