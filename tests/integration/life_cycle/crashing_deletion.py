"""A process that deletes an image: `python -m … DSN ID`. A failpoint may kill it."""

import asyncio
import sys
from uuid import UUID

from common.settings.groups import KafkaSettings
from ingest_api.domain.caller import ANYBODY
from ingest_api.job_store.connecting import open_pool
from ingest_api.job_store.deletions import PostgresDeletions
from ingest_api.life_cycle.deleting import ImageDeletion
from ingest_api.life_cycle.messages import Messages
from ingest_api.services import utc_now


async def _delete(dsn: str, image_id: UUID) -> None:
    async with open_pool(dsn, max_connections=1) as pool:
        deletion = ImageDeletion(PostgresDeletions(pool), Messages(KafkaSettings()), utc_now)
        await deletion.delete(image_id, caller=ANYBODY)


if __name__ == "__main__":
    asyncio.run(_delete(sys.argv[1], UUID(sys.argv[2])))
