"""The groups of settings, each a section of the configuration file."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt, SecretStr, field_validator, model_validator

from common.settings.base import SettingsGroup, env
from common.settings.lists import entries_of, refuse_short_keys
from common.settings.postgres_uri import complete_uri
from common.settings.topic_names import TopicName


class LogLevel(StrEnum):
    """The least severe level that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class LogFormat(StrEnum):
    """How log lines are rendered."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class DatabaseType(StrEnum):
    """Where job state is stored."""

    MEMORY = "memory"
    EMBEDDED = "embedded"
    POSTGRES = "postgres"


class BlobType(StrEnum):
    """Where image bytes are stored."""

    MEMORY = "memory"
    DISK = "disk"
    S3 = "s3"


def _refuse_empty(value: Any) -> Any:
    if value == "":  # Path would take it for the current folder
        message = "must not be empty: name a folder"
        raise ValueError(message)
    return value


Folder = Annotated[Path, BeforeValidator(_refuse_empty)]


HostEntry = Annotated[str, Field(pattern=r"^(\*|(\*\.)?[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$")]


class ServerSettings(SettingsGroup):
    """The processes themselves."""

    public_url: str = Field(
        "",
        description="The API's address for clients, such as https://images.example; it precedes image URLs in "
        "bodies and notifications. Empty: these are paths.",
    )

    host: str = Field("127.0.0.1", description="Address the API listens on, of IPv4 or IPv6; 0.0.0.0 in a container.")
    port: int = Field(3331, ge=0, le=65535, description="Port the API listens on; 0 picks a free one.")
    allowed_hosts: Annotated[tuple[HostEntry, ...], BeforeValidator(entries_of)] = Field(
        (),
        description="Host names to serve, comma-separated, without ports; *.example.com for all below it, * for all. "
        "Empty: all, but on a loopback address without API keys only names of this machine.",
    )
    metrics_port: int = Field(
        9464,
        ge=0,
        le=65535,
        description="Port of a processor's /metrics, /livez and /readyz; 0 = none, as under `icecube up` unless set.",
    )
    max_workers: PositiveInt = Field(4, description="Image processes of a processor; `icecube up`: one per core.")
    drain_seconds: PositiveFloat = Field(25, description="How long a stopping process may finish its work.")
    log_level: LogLevel = Field(
        LogLevel.INFO, description="debug, info, warn or error.", json_schema_extra=env("ICECUBE_LOG_LEVEL")
    )
    log_format: LogFormat = Field(
        LogFormat.AUTO,
        description="console or json; auto: console on a terminal, else json.",
        json_schema_extra=env("ICECUBE_LOG_FORMAT"),
    )
    data_dir: Folder = Field(
        Path("data"), description="Folder of all embedded parts.", json_schema_extra=env("ICECUBE_DATA_DIR")
    )

    @field_validator("public_url")
    @classmethod
    def _is_an_address_of_the_web(cls, url: str) -> str:
        if url and not re.fullmatch(r"https?://[^\s?#]+", url):
            message = "must be an http or https URL without a query, such as https://images.example"
            raise ValueError(message)
        return url.rstrip("/")


class DatabaseSettings(SettingsGroup):
    """PostgreSQL, the home of job state."""

    type: DatabaseType = Field(
        DatabaseType.EMBEDDED,
        description="memory, embedded or postgres. memory is lost at a stop; memory and embedded need `icecube up`.",
    )
    uri: SecretStr = Field(SecretStr(""), description="postgres://user:password@host:5432/name?sslmode=…")
    user: str = Field("", description="User, if the URI has none.", json_schema_extra=env("POSTGRES_USER"))
    password: SecretStr = Field(
        SecretStr(""), description="Password, if the URI has none.", json_schema_extra=env("POSTGRES_PASSWORD")
    )
    name: str = Field("", description="Database, if the URI has none.", json_schema_extra=env("POSTGRES_DB"))
    max_connections: int = Field(10, ge=3, description="The most connections an API process opens.")

    @model_validator(mode="after")
    def _postgres_needs_a_uri(self) -> Self:
        if self.type is DatabaseType.POSTGRES and not self.uri.get_secret_value():
            message = "database.uri (ICECUBE_DATABASE_URI) is required when database.type is postgres"
            raise ValueError(message)
        return self

    @property
    def dsn(self) -> str:
        """The complete URI, with its missing parts filled in; holds the password."""
        return complete_uri(
            self.uri.get_secret_value(),
            user=self.user,
            password=self.password.get_secret_value(),
            database=self.name,
        )


class BlobSettings(SettingsGroup):
    """The store of image bytes."""

    type: BlobType = Field(
        BlobType.DISK, description="memory, disk or s3. memory is lost at a stop, and needs `icecube up`."
    )
    disk_path: Folder | None = Field(None, description="Folder of the disk store; absent: images in the data folder.")
    bucket: str = Field("", description="S3 bucket.", json_schema_extra=env("ICECUBE_BLOB_S3_BUCKET"))
    region: str = Field("", description="S3 region.", json_schema_extra=env("ICECUBE_BLOB_S3_REGION"))
    endpoint: str = Field(
        "",
        description="URL of an S3-compatible server; absent: AWS.",
        json_schema_extra=env("ICECUBE_BLOB_S3_ENDPOINT"),
    )
    access_key_id: str = Field(
        "", description="S3 key; absent: the usual AWS sources.", json_schema_extra=env("AWS_ACCESS_KEY_ID")
    )
    secret_access_key: SecretStr = Field(
        SecretStr(""), description="S3 secret.", json_schema_extra=env("AWS_SECRET_ACCESS_KEY")
    )

    session_token: SecretStr = Field(
        SecretStr(""), description="S3 session token of temporary keys.", json_schema_extra=env("AWS_SESSION_TOKEN")
    )
    redirect: bool = Field(
        default=False,
        description="Redirect downloads to S3 (302, a signed URL) instead of sending the bytes.",
        json_schema_extra=env("ICECUBE_BLOB_S3_REDIRECT"),
    )

    @model_validator(mode="after")
    def _s3_needs_a_bucket_and_a_region(self) -> Self:
        wanted = {"bucket (ICECUBE_BLOB_S3_BUCKET)": self.bucket, "region (ICECUBE_BLOB_S3_REGION)": self.region}
        missing = [f"blob.{name}" for name, value in wanted.items() if not value]
        if self.type is BlobType.S3 and missing:
            message = f"{' and '.join(missing)} required when blob.type is s3"
            raise ValueError(message)
        return self


class KafkaSettings(SettingsGroup):
    """Kafka: its brokers, our topics and groups."""

    brokers: str = Field("", description="host:port, comma-separated; absent: the embedded broker of `icecube up`.")
    topic: TopicName = Field("image-jobs", description="Completion notifications, for other systems.")
    jobs_topic: TopicName = Field("icecube.jobs", description="Requests to the processors, of interactive jobs.")
    bulk_topic: TopicName = Field("icecube.jobs.bulk", description="Requests to the processors, of bulk jobs.")
    results_topic: TopicName = Field("icecube.results", description="Results of the processors.")
    dead_topic: TopicName = Field("icecube.jobs.dead", description="Events that could not be handled.")
    events_topic: TopicName = Field("icecube.events", description="What happens to jobs and images, for other systems.")
    processor_group: str = Field("icecube-processors", min_length=1, description="Consumer group of the processors.")
    results_group: str = Field("icecube-results", min_length=1, description="Consumer group of the API processes.")
    partitions: PositiveInt = Field(
        32,
        description="Partitions of each topic we create: 4 to 8 times your largest number of processors.",
    )
    replication: PositiveInt = Field(1, description="Replicas of the topics we create; 3 in production.")
    fetch_wait_ms: PositiveInt = Field(
        500,
        description="How long a fetch may wait at the broker for an event; the embedded broker always waits it out.",
    )
    session_timeout_seconds: PositiveFloat = Field(
        10, description="Silence after which Kafka considers a consumer dead."
    )

    signing_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys of 32 characters or more, comma-separated, that sign requests and results: the first signs, "
        "all verify; the same for API and processors. Empty: no signatures, and any record is accepted.",
    )
    require_signatures: bool = Field(
        default=True,
        description="Refuse unsigned records if there are keys; false while you roll the keys out.",
    )

    @field_validator("signing_keys")
    @classmethod
    def _keys_are_long(cls, keys: SecretStr) -> SecretStr:
        return refuse_short_keys(keys)

    @property
    def signing_key_list(self) -> tuple[bytes, ...]:
        """The keys as bytes."""
        return tuple(key.encode() for key in entries_of(self.signing_keys.get_secret_value()))

    @model_validator(mode="after")
    def _lanes_have_topics_of_their_own(self) -> Self:
        if self.bulk_topic == self.jobs_topic:
            message = "kafka.bulkTopic (ICECUBE_KAFKA_BULK_TOPIC) must differ from kafka.jobsTopic"
            raise ValueError(message)
        return self

    @property
    def request_topics(self) -> tuple[str, str]:
        """The topics of requests to the processors."""
        return self.jobs_topic, self.bulk_topic

    @property
    def broker_list(self) -> list[str]:
        """The brokers as `host:port`."""
        return [broker.strip() for broker in self.brokers.split(",") if broker.strip()]


class LimitsSettings(SettingsGroup):
    """What is refused."""

    upload_bytes: PositiveInt = Field(32 * 1024 * 1024, description="Size of an uploaded file.")
    upload_files: PositiveInt = Field(20, description="Files in an upload.")
    megapixels: PositiveFloat = Field(100, description="Width times height of an original, in millions.")
    side_pixels: int = Field(16384, ge=1, le=65535, description="Width and height of an original.")
    frames: PositiveInt = Field(
        1000, description="Frames of an animation, which together may have as many megapixels as an original."
    )
    upload_total_bytes: PositiveInt = Field(
        640 * 1024 * 1024, description="Size of a whole upload, all its files together."
    )
    upload_seconds: PositiveFloat = Field(3600, description="Time for a whole upload to arrive.")
    header_seconds: PositiveFloat = Field(
        10, description="Time for a request's headers, from connecting or from their first byte; then 408."
    )
    body_bytes_per_second: int = Field(
        1024,
        ge=0,
        description="The least rate of a body, over ten seconds; slower clients are disconnected. 0: no limit.",
    )
    connections: PositiveInt = Field(
        2000,
        description="Connections to an API process. Beyond it, the longest-idle one is closed; if all are busy, new "
        "ones are answered 503, except for health checks and metrics.",
    )
    tasks: PositiveInt = Field(32, description="Tasks in a job.")
    task_seconds: PositiveFloat = Field(60, description="Time for one task; then its image process is killed.")
    store_seconds: PositiveFloat = Field(
        300,
        description="Time for storing the variants of a job; then it is tried again. The same for API and processors: "
        "twice as long after a job ended without them, the API removes what was stored last.",
    )
    task_memory_mb: PositiveInt = Field(1024, description="Address space a task may add to its image process, in MiB.")
    attempts: PositiveInt = Field(3, description="Attempts at a job before it fails for good.")
    outbox_messages: PositiveInt = Field(
        100_000, description="Events that may wait in the outbox; beyond it, new jobs are answered 503."
    )
    outbox_seconds: PositiveFloat = Field(
        600, description="How long an event may wait in the outbox; beyond it, new jobs are answered 503."
    )
    free_disk_mb: int = Field(
        256, ge=0, description="Free disk space that uploads must leave, in MiB; below it they are answered 503."
    )
    starts: PositiveInt = Field(
        10, description="How often one attempt may be started before its job fails; a lost processor costs one."
    )


class ProcessingSettings(SettingsGroup):
    """How variants are made."""

    reuse: bool = Field(
        default=True,
        description="Copy an existing variant of the same bytes and options, if the same engine made it.",
    )
    reuse_across_owners: bool = Field(
        default=False,
        description="Copy variants of another owner's originals too. A job's time then reveals whether somebody "
        "else has the same image.",
    )


class DeliverySettings(SettingsGroup):
    """How events and retries are paced."""

    relay_poll_seconds: PositiveFloat = Field(1, description="How often the relay polls the outbox.")
    stuck_seconds: PositiveFloat = Field(
        60, description="How long an event may wait in the outbox before /readyz calls it stuck."
    )
    relay_batch: PositiveInt = Field(500, description="The most events the relay sends in one transaction.")
    retry_base_seconds: PositiveFloat = Field(
        2, description="Delay before the second attempt; doubles for each further one."
    )
    retry_max_seconds: PositiveFloat = Field(300, description="The longest delay between attempts.")
    upgrade_wait_seconds: PositiveFloat = Field(
        900, description="Delay before another attempt at a job that needs a newer processor."
    )
    idempotency_hours: PositiveInt = Field(24, description="How long an Idempotency-Key is remembered.")
    reconcile_seconds: PositiveFloat = Field(15, description="How often the reconciler looks for lost jobs.")
    lost_after_seconds: PositiveFloat = Field(
        30, description="How long after its publication a job may be declared lost."
    )


class RetentionSettings(SettingsGroup):
    """How long images and jobs are kept; deletion is final."""

    originals_days: int = Field(
        0, ge=0, le=36_500, description="Days after which originals are deleted, with all made from them; 0: never."
    )
    variants_days: int = Field(0, ge=0, le=36_500, description="Days after which variants are deleted; 0: never.")
    jobs_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description="Days after a job's end for which it can be looked at; 0: for ever. A job is kept for eight days "
        "at least, as Kafka may deliver its request for a week. Rows of deleted images go as long after the deletion.",
    )
