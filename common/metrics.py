"""Declares every metric with its meaning; a test makes sure that no other module declares one.

Labels take few values: states, codes, topics, formats and route templates, never ids. Gauges of what all share (jobs,
outbox, lag) are the same from every API process: take their `max`, not their `sum`. Beside these, both kinds of process
tell of themselves with the `process_*` and `python_*` metrics of prometheus_client. Image processes record nothing:
their figures come back with their work.
"""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

API = CollectorRegistry()
"""The metrics of an API process."""
PROCESSOR = CollectorRegistry()
"""The metrics of a processor, without the API's gauges, which it would export as 0."""
for _registry in (API, PROCESSOR):
    ProcessCollector(registry=_registry)
    PlatformCollector(registry=_registry)
    GCCollector(registry=_registry)

_REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STAGE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_JOB_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)

# The API: requests and uploads
HTTP_REQUEST_SECONDS = Histogram(
    "icecube_http_request_seconds",
    "Time from a request to the end of its answer. `route` is a template, `none` where no route matches.",
    ["method", "route", "status"],
    buckets=_REQUEST_BUCKETS,
    registry=API,
)
PROBLEMS = Counter("icecube_problems_total", "Answers that were errors, by their stable code.", ["code"], registry=API)
UPLOADED_BYTES = Counter("icecube_uploaded_bytes_total", "Bytes of stored originals.", ["format"], registry=API)
JOBS_ACCEPTED = Counter("icecube_jobs_accepted_total", "Jobs committed for clients.", registry=API)

# The API: the life of jobs
JOBS_ENDED = Counter(
    "icecube_jobs_ended_total",
    "Jobs that ended, by final state; `reason` is a failure's code.",
    ["state", "reason"],
    registry=API,
)
JOB_SECONDS = Histogram(
    "icecube_job_seconds", "Time from a job's acceptance to its end.", ["state"], buckets=_JOB_BUCKETS, registry=API
)
ATTEMPTS_REPEATED = Counter(
    "icecube_attempts_repeated_total",
    "Attempts that failed and are followed by another; `reason` is a code.",
    ["reason"],
    registry=API,
)
JOBS_LOST = Counter("icecube_jobs_lost_total", "Requests that vanished on Kafka and were made again.", registry=API)
IMAGES_DELETED = Counter(
    "icecube_images_deleted_total",
    "Images deleted, by kind: original, variant; and by reason: asked (by a caller), expired.",
    ["kind", "reason"],
    registry=API,
)
JOBS_DELETED = Counter("icecube_jobs_deleted_total", "Jobs deleted because they had ended long ago.", registry=API)
CLEANING_STEPS = Counter(
    "icecube_cleaning_steps_total",
    "Steps done to clean up after ends and deletions: mark (keep processors away), sweep, sweep_again, forget.",
    ["stage"],
    registry=API,
)
UNREADABLE_EVENTS = Counter(
    "icecube_unreadable_events_total",
    "Records that are no event of ours, put aside as dead letters.",
    ["topic"],
    registry=API,
)
PROCESSOR.register(UNREADABLE_EVENTS)

# The API: what waits, seen every few seconds
UNFINISHED_JOBS = Gauge("icecube_unfinished_jobs", "Jobs that have not ended, by state.", ["state"], registry=API)
OLDEST_UNFINISHED_SECONDS = Gauge(
    "icecube_oldest_unfinished_job_seconds", "Age of the oldest job that has not ended.", registry=API
)
OUTBOX_DEPTH = Gauge("icecube_outbox_depth", "Committed events that are due and not yet on Kafka.", registry=API)
OUTBOX_AGE_SECONDS = Gauge("icecube_outbox_age_seconds", "How long the first of them has been due.", registry=API)
CONSUMER_LAG = Gauge(
    "icecube_consumer_lag", "Records of a topic that a group has not finished with.", ["topic", "group"], registry=API
)
DEPENDENCY_UP = Gauge(
    "icecube_dependency_up", "Whether a dependency of the API answered when last asked.", ["dependency"], registry=API
)

# The relay
EVENTS_SENT = Counter(
    "icecube_events_sent_total", "Events of the outbox that Kafka acknowledged.", ["topic"], registry=API
)
EVENTS_NOT_SENT = Counter(
    "icecube_events_not_sent_total", "Sends that failed; their events stay in the outbox.", ["topic"], registry=API
)
EVENTS_REFUSED = Counter(
    "icecube_events_refused_total",
    "Events of the outbox that Kafka will never take, sent smaller or put aside as dead letters.",
    ["topic"],
    registry=API,
)

# Processors
ATTEMPTS_ENDED = Counter(
    "icecube_attempts_ended_total",
    "Attempts a processor ended; `reason` is a failure's code.",
    ["outcome", "reason"],
    registry=PROCESSOR,
)
JOBS_IN_HAND = Gauge("icecube_jobs_in_hand", "Jobs a processor has taken and not yet reported.", registry=PROCESSOR)
STAGE_SECONDS = Histogram(
    "icecube_stage_seconds",
    "Time of a job's stages: fetch (the original), make (wait for an image process, decode_resize, encode), store.",
    ["stage"],
    buckets=_STAGE_BUCKETS,
    registry=PROCESSOR,
)
ORIGINAL_BYTES = Counter(
    "icecube_original_bytes_total", "Bytes of originals worked on, once a job.", ["format"], registry=PROCESSOR
)
VARIANT_BYTES = Counter("icecube_variant_bytes_total", "Bytes of stored variants.", ["format"], registry=PROCESSOR)
SAVED_BYTES = Counter(
    "icecube_saved_bytes_total",
    "Bytes by which stored variants are smaller than their originals.",
    ["format"],
    registry=PROCESSOR,
)
VARIANTS_REUSED = Counter(
    "icecube_variants_reused_total",
    "Variants that were copied from one made before instead of being made.",
    ["format"],
    registry=PROCESSOR,
)
IMAGE_PROCESSES_LOST = Counter(
    "icecube_image_processes_lost_total",
    "Image processes that crashed or were killed at a limit, each replaced by a new one.",
    ["reason"],
    registry=PROCESSOR,
)
PARTITIONS_ASSIGNED = Gauge(
    "icecube_partitions_assigned", "Partitions of the jobs topic a processor reads.", registry=PROCESSOR
)
POOL_RESTARTS = Counter(
    "icecube_pool_restarts_total",
    "Image processes replaced between jobs: one had died idle, or did not begin the job it was given.",
    registry=PROCESSOR,
)
