"""The group of settings that says who may use the API."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, field_validator

from common.settings.base import SettingsGroup, env
from common.settings.lists import entries_of, refuse_short_keys

Origin = Annotated[str, Field(pattern=r"^(\*|https?://[^/\s]+)$")]
ApiKeyEntry = Annotated[str, Field(pattern=r"^[^:,\s]+:(read|write|admin):[0-9a-f]{64}(:[^:,\s]+)?$")]


class AccessSettings(SettingsGroup):
    """Who may use the API."""

    api_keys: Annotated[tuple[ApiKeyEntry, ...], BeforeValidator(entries_of)] = Field(
        (),
        description="name:scope:hash or name:scope:hash:owner, comma-separated; scope read, write or admin, hash the "
        "key's SHA-256 in hex, owner whose images and jobs the key sees (absent: the name). Empty, and no file: open "
        "to anybody. `icecube api-key` makes one.",
        json_schema_extra=env("ICECUBE_API_KEYS"),
    )
    api_keys_file: Path | None = Field(
        None,
        description="File of more such entries, one per line; read again within seconds of a change.",
        json_schema_extra=env("ICECUBE_API_KEYS_FILE"),
    )
    requests_per_minute: int = Field(
        0,
        ge=0,
        description="Requests of each owner's keys per minute, at each API process; 0: no limit.",
        json_schema_extra=env("ICECUBE_API_REQUESTS_PER_MINUTE"),
    )
    url_signing_keys: SecretStr = Field(
        SecretStr(""),
        description="Keys of 32 characters or more, comma-separated, that sign URLs of images for use without an API "
        "key: the first signs, all verify. Empty: no URL is signed.",
        json_schema_extra=env("ICECUBE_URL_SIGNING_KEYS"),
    )
    url_seconds: int = Field(
        86_400,
        ge=60,
        le=31_536_000,
        description="How long signed URLs in bodies and notifications work, at least; up to an hour more.",
        json_schema_extra=env("ICECUBE_URL_SECONDS"),
    )
    cors_origins: Annotated[tuple[Origin, ...], BeforeValidator(entries_of)] = Field(
        (),
        description="Origins whose pages may use the API from a browser, comma-separated, such as "
        "https://shop.example; * for all. Empty: none but its own.",
        json_schema_extra=env("ICECUBE_API_CORS_ORIGINS"),
    )

    @field_validator("url_signing_keys")
    @classmethod
    def _keys_are_long(cls, keys: SecretStr) -> SecretStr:
        return refuse_short_keys(keys)

    @property
    def url_signing_key_list(self) -> tuple[bytes, ...]:
        """The keys as bytes, the one that signs first."""
        return tuple(key.encode() for key in entries_of(self.url_signing_keys.get_secret_value()))
