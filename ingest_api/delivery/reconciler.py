"""The reconciler: requests provably lost jobs again, but never jobs that are merely slow.

Keeps the protocol's rules "proof of loss" and "place in Kafka" (ARCHITECTURE.md).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from common import metrics
from common.failpoints import Failpoint, fail_at
from common.settings.groups import DeliverySettings, KafkaSettings
from ingest_api.delivery.kafka_log import KafkaLog, PartitionView, open_kafka_log
from ingest_api.job_store import JobStore, Publication
from ingest_api.life_cycle.messages import Messages

log = structlog.get_logger(__name__)

_LIMIT = 1000
_ANSWERS_POLL_SECONDS = 0.2

Requests = Mapping[str, Mapping[int, PartitionView]]
"""The partitions of topics."""


def is_past(publication: Publication, partitions: Mapping[int, PartitionView]) -> bool:
    """Say whether no processor will ever read this request: the group has read it, or the log has lost it.

    A broker that came back empty needs no rule of its own: its log ends before the request, or grows past it
    and is committed past it.
    """
    view = partitions.get(publication.partition)
    if view is None or not view.first <= publication.offset < view.end:
        return True
    return view.committed is not None and publication.offset < view.committed


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Compares unanswered jobs with Kafka. Several processes may run one: the job's lock decides."""

    jobs: JobStore
    messages: Messages
    topics: KafkaSettings
    pace: DeliverySettings
    clock: Callable[[], datetime]
    wake_relay: Callable[[], None]

    async def run(self) -> None:
        """Reconcile until cancelled; raise `KafkaError` or `JobStoreUnavailableError` when either is away."""
        async with open_kafka_log(self.topics) as kafka:
            while True:
                if await self.reconcile(kafka):
                    fail_at(Failpoint.LOSS_REPAIRED_NOT_SENT)
                    self.wake_relay()
                await asyncio.sleep(self.pace.reconcile_seconds)

    async def reconcile(self, kafka: KafkaLog) -> int:
        """Request every lost job again; return how many there were."""
        before = self.clock() - timedelta(seconds=self.pace.lost_after_seconds)
        unanswered = await self.jobs.list_unanswered(published_before=before, limit=_LIMIT)
        if not unanswered:
            return 0
        requests = await self._requests(kafka, unanswered)
        suspects = [publication for publication in unanswered if self._is_past(publication, requests)]
        if not suspects or not await self._every_answer_is_in(kafka):
            return 0
        fail_at(Failpoint.LOSS_FOUND_NOT_REPAIRED)
        return await self._ask_again(suspects)

    async def _requests(self, kafka: KafkaLog, unanswered: Sequence[Publication]) -> Requests:
        """Return how far the processors are in each topic that may hold one of these requests."""
        topics = {topic for publication in unanswered for topic in self._topics_of(publication)}
        return {topic: await kafka.view(topic, self.topics.processor_group) for topic in topics}

    def _is_past(self, publication: Publication, requests: Requests) -> bool:
        return any(is_past(publication, requests[topic]) for topic in self._topics_of(publication))

    def _topics_of(self, publication: Publication) -> Sequence[str]:
        """Return where the request may be. The release before notes no topic, and sends bulk requests to either."""
        if publication.topic:
            return [publication.topic]
        return self.topics.request_topics if publication.is_bulk else [self.topics.jobs_topic]

    async def _every_answer_is_in(self, kafka: KafkaLog) -> bool:
        """Wait until every result written before now is applied: only then does a missing one prove the loss."""
        ends = await kafka.view(self.topics.results_topic, self.topics.results_group)
        wanted = {number: view.end for number, view in ends.items() if view.end > view.first}
        try:
            async with asyncio.timeout(self.pace.reconcile_seconds):
                while True:  # Kafka does not announce commits: poll
                    if _has_reached(await kafka.view(self.topics.results_topic, self.topics.results_group), wanted):
                        return True
                    await asyncio.sleep(_ANSWERS_POLL_SECONDS)
        except TimeoutError:
            log.info("reconciling later: results are still being applied")
            return False

    async def _ask_again(self, suspects: list[Publication]) -> int:
        asked = 0
        async with self.jobs.changing(publication.job_id for publication in suspects) as changes:
            for publication in suspects:
                record = changes.records.get(publication.job_id)
                # Ended or published again meanwhile: not lost.
                if record and not record.job.has_ended and record.publication == publication:
                    changes.publish(self.messages.job_requested(record, at=self.clock()))
                    asked += 1
                    log.warning("lost job requested again", job_id=str(publication.job_id), offset=publication.offset)
        metrics.JOBS_LOST.inc(asked)
        return asked


def _has_reached(partitions: Mapping[int, PartitionView], wanted: Mapping[int, int]) -> bool:
    reached = {number: view.committed or 0 for number, view in partitions.items()}
    return all(reached.get(number, 0) >= end for number, end in wanted.items())
