# noqa: INP001 - an example stands alone: copy it, and `pip install aiokafka` is all it needs
"""Reads the notification of every finished job from Kafka: python consumer.py --brokers 127.0.0.1:9092.

Kafka delivers at least once. Within a run each event is worked on once, by its `ce_id`; after a crash the
last few may come again. Work that must not happen twice stores the `ce_id` in the transaction of its effect.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections import OrderedDict
from typing import Any

from aiokafka import AIOKafkaConsumer

REMEMBERED_IDS = 100_000
"""Duplicates come close together; a hundred thousand ids reach far back and take some 20 MB at most."""
BATCH = 100
POLL_MS = 500
"""Also how long a signal may wait to be noticed."""


class SeenIds:
    """The newest ids, up to a number of them; older ones are forgotten."""

    def __init__(self, limit: int = REMEMBERED_IDS) -> None:
        self._limit = limit
        self._ids: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, event_id: bytes | None) -> bool:
        return event_id in self._ids

    def add(self, event_id: bytes | None) -> None:
        """Remember *event_id*; a record that came without one is not remembered, and is worked on each time."""
        if event_id is not None:
            self._ids[event_id] = None
            self._ids.move_to_end(event_id)
        while len(self._ids) > self._limit:
            self._ids.popitem(last=False)


async def work(notification: dict[str, Any]) -> None:
    """Do what there is to do for a finished job: here, say so."""
    sys.stdout.write(json.dumps(notification) + "\n")
    sys.stdout.flush()


async def handle(record: Any, seen: SeenIds) -> None:
    """Work on *record* unless it has been; what *work* raises ends the program, and the record comes again."""
    event_id = dict(record.headers).get("ce_id")
    if event_id in seen:
        return
    try:
        notification = json.loads(record.value or b"")
    except ValueError:
        # Stopping here would stop here for ever: the record would come again after each restart.
        sys.stderr.write(f"skipped {record.topic}/{record.partition}/{record.offset}: not JSON\n")
        return
    await work(notification)
    seen.add(event_id)


async def consume(brokers: str, topic: str, group: str) -> None:
    """Read *topic* until SIGTERM or SIGINT; then finish the batch in hand, commit and leave the group."""
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    seen = SeenIds()
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=brokers, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False
    )
    async with consumer:
        while not stop.is_set():
            batch = await consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH)
            for record in (record for records in batch.values() for record in records):
                await handle(record, seen)
            if batch:
                # After the work, never before: a crash in between repeats it, and loses nothing.
                await consumer.commit()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True, help="host:port, comma-separated")
    parser.add_argument("--topic", default="image-jobs")
    parser.add_argument("--group", default="example")
    arguments = parser.parse_args()
    asyncio.run(consume(arguments.brokers, arguments.topic, arguments.group))
