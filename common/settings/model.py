"""The whole configuration, as one immutable value."""

from pathlib import Path

from pydantic import Field

from common.settings.access import AccessSettings
from common.settings.base import SettingsGroup
from common.settings.groups import (
    BlobSettings,
    DatabaseSettings,
    DeliverySettings,
    KafkaSettings,
    LimitsSettings,
    ProcessingSettings,
    RetentionSettings,
    ServerSettings,
)


class Settings(SettingsGroup):
    """Everything that can be configured. Built once at the entry point and passed down."""

    server: ServerSettings = Field(default_factory=ServerSettings)
    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    blob: BlobSettings = Field(default_factory=BlobSettings)
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    processing: ProcessingSettings = Field(default_factory=ProcessingSettings)
    access: AccessSettings = Field(default_factory=AccessSettings)
    limits: LimitsSettings = Field(default_factory=LimitsSettings)
    delivery: DeliverySettings = Field(default_factory=DeliverySettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)

    @property
    def blob_folder(self) -> Path:
        """The folder of the disk store."""
        return self.blob.disk_path or self.server.data_dir / "images"
