"""What became of every batch: it ends once, with its last job, and its event counts what its jobs' rows say."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence

from tests.chaos.database import BatchRow, JobRow
from tests.chaos.events import COMPLETED, Event
from tests.chaos.history import History
from tests.chaos.verdict import Verdict


def judge_batches(
    verdict: Verdict, history: History, jobs: Sequence[JobRow], batches: Sequence[BatchRow], events: Collection[Event]
) -> None:
    """Note in *verdict* which batches are lost, ended twice or were counted wrongly; `judge_events` misses events."""
    rows = {row.id: row for row in batches}
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for job in jobs:
        if job.batch_id:
            states[job.batch_id][job.state] += 1
    verdict.batches = len(history.batches)
    verdict.batches_lost = [f"{batch_id}: no row" for batch_id in sorted(history.batches.keys() - rows.keys())]
    for row in batches:
        total = states[row.id].total()
        if row.ended_at is None:
            verdict.batches_lost.append(f"{row.id}: {row.unfinished} of {row.total} jobs unfinished")
        elif total != history.batches.get(row.id, row.total):
            verdict.batches_lost.append(f"{row.id}: has {total} jobs")
        if row.endings > 1:
            verdict.batches_ended_twice.append(row.id)
    for event in events:
        if event.type == COMPLETED and _counts(event) != states[event.subject]:
            verdict.batches_miscounted.append(f"{event.subject}: {event.body}, and its jobs {states[event.subject]}")


def _counts(event: Event) -> Counter[str]:
    return Counter({state: count for state, count in json.loads(event.body)["counts"].items() if count})
