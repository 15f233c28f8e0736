"""What the events topic says: of each cancelled job, deleted image and ended batch one event, under one id."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from common.kafka.headers import from_kafka
from tests.chaos.database import BatchRow, ImageRow, JobRow
from tests.chaos.history import History
from tests.chaos.notifications import ReadRecord
from tests.chaos.verdict import Verdict

CANCELLED = "io.icecube.job.cancelled.v1"
DELETED = "io.icecube.image.deleted.v1"
COMPLETED = "io.icecube.batch.completed.v1"


@dataclass(frozen=True, slots=True)
class Event:
    """An event as read: what happened to which job, image or batch, and under which id."""

    type: str
    subject: str
    ce_id: str
    body: str = "{}"


@dataclass(frozen=True, slots=True)
class _Due:
    """An event that there must be, unless a broker lost it that was emptied after *at*."""

    type: str
    subject: str
    at: datetime


def read_event(record: ReadRecord) -> Event:
    """Return what a record of the events topic says."""
    headers = from_kafka(record.headers)
    body = json.dumps(json.loads(record.value or b""), sort_keys=True)
    return Event(headers["ce_type"], headers["ce_subject"], headers["ce_id"], body)


def judge_events(
    verdict: Verdict,
    history: History,
    ended: Sequence[JobRow | BatchRow],
    images: Sequence[ImageRow],
    events: Collection[Event],
) -> None:
    """Note in *verdict* which events are missing, came under two ids, or tell of what did not happen."""
    found: dict[tuple[str, str], set[Event]] = defaultdict(set)
    for event in events:
        found[event.type, event.subject].add(event)
    verdict.events = len(found)
    verdict.events_twice = [
        f"{kind} of {subject}" for (kind, subject), all_of_it in found.items() if len(all_of_it) > 1
    ]
    due = {(each.type, each.subject): each for each in _due(ended, images)}
    verdict.events_of_nothing = [" of ".join(place) for place in found.keys() - due.keys()]
    for missing in due.keys() - found.keys():
        is_excused = any(due[missing].at.timestamp() < emptied for emptied in history.emptied)
        lost = verdict.events_lost_with_the_broker if is_excused else verdict.events_missing
        lost.append(" of ".join(missing))


def _due(ended: Sequence[JobRow | BatchRow], images: Sequence[ImageRow]) -> Iterator[_Due]:
    for row in ended:
        if isinstance(row, BatchRow) and row.ended_at:
            yield _Due(COMPLETED, row.id, row.ended_at)
        elif isinstance(row, JobRow) and row.state == "cancelled" and row.ended_at:
            yield _Due(CANCELLED, row.id, row.ended_at)
    for image in images:
        if image.deleted_at:
            yield _Due(DELETED, image.id, image.deleted_at)


def judge_deletions(verdict: Verdict, history: History, images: Sequence[ImageRow]) -> None:
    """Note in *verdict* what was answered as deleted and is not, and what is deleted that nobody wanted deleted."""
    deleted = {image.id for image in images if image.deleted_at}
    verdict.deleted = len(history.deleted)
    verdict.deletions_lost = sorted(history.deleted - deleted)
    kept = {image.id for image in images if not image.deleted_at and image.original_id in history.deleted}
    verdict.deletions_lost += [f"{image_id}, made from a deleted original" for image_id in sorted(kept)]
    gone = [image for image in images if image.id in deleted]
    verdict.deleted_wrongly = [image.id for image in gone if not {image.id, image.original_id} & history.delete_tried]
