"""The groups of settings, each a section of the configuration file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt, SecretStr, field_validator, model_validator

from common.settings.base import SettingsGroup, env
from common.settings.postgres_uri import completed_uri
from common.settings.topic_names import TopicName


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class LogFormat(StrEnum):
    """For whom is logged."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class DatabaseType(StrEnum):
    """Where job state is kept."""

    MEMORY = "memory"
    EMBEDDED = "embedded"
    POSTGRES = "postgres"


class BlobType(StrEnum):
    """Where image bytes are kept."""

    MEMORY = "memory"
    DISK = "disk"
    S3 = "s3"


def _named(value: Any) -> Any:
    if value == "":  # Path would take it for the current folder
        message = "must not be empty: name a folder"
        raise ValueError(message)
    return value


Folder = Annotated[Path, BeforeValidator(_named)]


def _entries(value: Any) -> Any:
    return [entry.strip() for entry in value.split(",") if entry.strip()] if isinstance(value, str) else value


HostEntry = Annotated[str, Field(pattern=r"^(\*|(\*\.)?[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$")]


class ServerSettings(SettingsGroup):
    """The processes themselves."""

    host: str = Field("127.0.0.1", description="Address the API listens on; 0.0.0.0 in a container.")
    port: int = Field(3331, ge=0, le=65535, description="Port the API listens on; 0 picks a free one.")
    allowed_hosts: Annotated[tuple[HostEntry, ...], BeforeValidator(_entries)] = Field(
        (),
        description="Host names that are served, comma-separated, without ports; *.example.com for all below it, * for "
        "all. Empty: all, but on a loopback address without API keys only names of this machine.",
    )
    metrics_port: int = Field(
        9464,
        ge=0,
        le=65535,
        description="Port of a processor's /metrics, /livez and /readyz; 0 = none, as under `icecube up` unless set.",
    )
    max_workers: PositiveInt = Field(4, description="Image processes of a processor; `icecube up`: the cores.")
    drain_seconds: PositiveFloat = Field(25, description="How long a stopping process may finish what it has in hand.")
    log_level: LogLevel = Field(
        LogLevel.INFO, description="debug, info, warn or error.", json_schema_extra=env("ICECUBE_LOG_LEVEL")
    )
    log_format: LogFormat = Field(
        LogFormat.AUTO,
        description="console or json; auto: console on a terminal, else json.",
        json_schema_extra=env("ICECUBE_LOG_FORMAT"),
    )
    data_dir: Folder = Field(
        Path("data"), description="Folder of everything embedded.", json_schema_extra=env("ICECUBE_DATA_DIR")
    )


class DatabaseSettings(SettingsGroup):
    """PostgreSQL, the home of job state."""

    type: DatabaseType = Field(
        DatabaseType.EMBEDDED,
        description="memory, embedded or postgres. memory keeps nothing; memory and embedded need `icecube up`.",
    )
    uri: SecretStr = Field(SecretStr(""), description="postgres://user:password@host:5432/name?sslmode=…")
    user: str = Field("", description="User, where the URI has none.", json_schema_extra=env("POSTGRES_USER"))
    password: SecretStr = Field(
        SecretStr(""), description="Password, where the URI has none.", json_schema_extra=env("POSTGRES_PASSWORD")
    )
    name: str = Field("", description="Database, where the URI has none.", json_schema_extra=env("POSTGRES_DB"))
    max_connections: int = Field(10, ge=3, description="Connections an API process opens at most.")

    @model_validator(mode="after")
    def _postgres_needs_a_uri(self) -> Self:
        if self.type is DatabaseType.POSTGRES and not self.uri.get_secret_value():
            message = "database.uri (ICECUBE_DATABASE_URI) is required when database.type is postgres"
            raise ValueError(message)
        return self

    @property
    def dsn(self) -> str:
        """The URI with what it leaves out filled in; holds the password."""
        return completed_uri(
            self.uri.get_secret_value(),
            user=self.user,
            password=self.password.get_secret_value(),
            database=self.name,
        )


class BlobSettings(SettingsGroup):
    """The store of image bytes."""

    type: BlobType = Field(
        BlobType.DISK, description="memory, disk or s3. memory keeps nothing, and needs `icecube up`."
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
        description="Answer downloads with a redirect to S3 (302, a signed URL) instead of passing the bytes on.",
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


_SHORTEST_KEY = 32


class KafkaSettings(SettingsGroup):
    """Kafka: its brokers, our topics and groups."""

    brokers: str = Field("", description="host:port, comma-separated; absent: the embedded broker of `icecube up`.")
    topic: TopicName = Field("image-jobs", description="Completion notifications, for other systems.")
    jobs_topic: TopicName = Field("icecube.jobs", description="Jobs on their way to the processors.")
    results_topic: TopicName = Field("icecube.results", description="Results on their way back.")
    dead_topic: TopicName = Field("icecube.jobs.dead", description="Events that could not be handled.")
    processor_group: str = Field("icecube-processors", min_length=1, description="Consumer group of the processors.")
    results_group: str = Field("icecube-results", min_length=1, description="Consumer group of the API processes.")
    partitions: PositiveInt = Field(
        32, description="Partitions of the jobs topic where we create it: 4 to 8 times the processors at most."
    )
    replication: PositiveInt = Field(1, description="Replicas of the topics we create; 3 in production.")
    fetch_wait_ms: PositiveInt = Field(
        500,
        description="How long a fetch may wait at the broker for an event; the embedded broker always waits it out.",
    )
    session_timeout_seconds: PositiveFloat = Field(10, description="Silence after which a consumer counts as dead.")

    signing_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys of 32 characters or more, comma-separated, by which requests and results are signed: the "
        "first signs, all verify; the same for API and processors. Empty: nothing is signed, and all is taken.",
    )
    require_signatures: bool = Field(
        default=True,
        description="Refuse what is not signed, where there are keys; false while they are being rolled out.",
    )

    @field_validator("signing_keys")
    @classmethod
    def _keys_are_long(cls, keys: SecretStr) -> SecretStr:
        if any(len(key) < _SHORTEST_KEY for key in _entries(keys.get_secret_value())):
            message = f"each key must have {_SHORTEST_KEY} characters at least, as `openssl rand -hex 32` makes them"
            raise ValueError(message)
        return keys

    @property
    def signing_key_list(self) -> tuple[bytes, ...]:
        """The keys as bytes."""
        return tuple(key.encode() for key in _entries(self.signing_keys.get_secret_value()))

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
        description="The least pace of a body, taken over ten seconds; slower clients are cut off. 0: any pace.",
    )
    connections: PositiveInt = Field(
        2000,
        description="Connections to an API process. Beyond it the one that has been silent for longest is closed; "
        "where all are at work, newcomers are answered 503, but for questions of health.",
    )
    tasks: PositiveInt = Field(32, description="Tasks in a job.")
    task_seconds: PositiveFloat = Field(60, description="Time for one task; then its process is killed.")
    task_memory_mb: PositiveInt = Field(1024, description="Address space a task may add to its process, in MiB.")
    attempts: PositiveInt = Field(3, description="Attempts at a job before it fails for good.")
    outbox_messages: PositiveInt = Field(
        100_000, description="Events that may wait to be sent; beyond it, new jobs are answered 503."
    )
    outbox_seconds: PositiveFloat = Field(
        600, description="How long an event may wait to be sent; beyond it, new jobs are answered 503."
    )
    free_disk_mb: int = Field(
        256, ge=0, description="Space that uploads leave free on their disk, in MiB; below it they are answered 503."
    )
    starts: PositiveInt = Field(
        10, description="Times an attempt may be started, and its processor lost, before the job fails."
    )


class ProcessingSettings(SettingsGroup):
    """How variants are made."""

    reuse: bool = Field(
        default=True,
        description="Copy a variant that was made before of the same bytes with the same options, by the same engine.",
    )
    reuse_across_owners: bool = Field(
        default=False,
        description="Copy variants of another owner's originals too. How fast a job ends then tells whether somebody "
        "else has the same picture.",
    )


ApiKeyEntry = Annotated[str, Field(pattern=r"^[^:,\s]+:(read|write|admin):[0-9a-f]{64}(:[^:,\s]+)?$")]


class AccessSettings(SettingsGroup):
    """Who may use the API."""

    api_keys: Annotated[tuple[ApiKeyEntry, ...], BeforeValidator(_entries)] = Field(
        (),
        description="name:scope:hash or name:scope:hash:owner, comma-separated; scope read, write or admin, hash the "
        "key's SHA-256 in hex, owner whose images and jobs the key sees (absent: the name). Empty, and no file: open "
        "to anybody. `icecube api-key` makes one.",
        json_schema_extra=env("ICECUBE_API_KEYS"),
    )
    api_keys_file: Path | None = Field(
        None,
        description="File of more such entries, one a line; read again within seconds when it changes.",
        json_schema_extra=env("ICECUBE_API_KEYS_FILE"),
    )
    requests_per_minute: int = Field(
        0,
        ge=0,
        description="Requests that the keys of each owner may make in a minute, at each API process; 0: no limit.",
        json_schema_extra=env("ICECUBE_API_REQUESTS_PER_MINUTE"),
    )


class DeliverySettings(SettingsGroup):
    """How events and retries are paced."""

    relay_poll_seconds: PositiveFloat = Field(1, description="How often the outbox is looked at without a wake-up.")
    stuck_seconds: PositiveFloat = Field(
        60, description="How long an event may wait to be sent before /readyz calls the outbox stuck."
    )
    relay_batch: PositiveInt = Field(500, description="Events the relay sends in one transaction.")
    retry_base_seconds: PositiveFloat = Field(
        2, description="Delay before the second attempt; doubles for each further one."
    )
    retry_max_seconds: PositiveFloat = Field(300, description="The longest delay between attempts.")
    upgrade_wait_seconds: PositiveFloat = Field(
        900, description="Delay before another attempt at a job that asks for what its processor's release cannot do."
    )
    idempotency_hours: PositiveInt = Field(24, description="How long an Idempotency-Key is remembered.")
    reconcile_seconds: PositiveFloat = Field(15, description="How often lost jobs are looked for.")
    lost_after_seconds: PositiveFloat = Field(
        30, description="How long after its publication a job may be taken for lost."
    )
