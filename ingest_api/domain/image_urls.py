"""URLs of images: plain ones, and signed ones that open one image to whoever has them, until a time.

docs/access.md tells others how to sign; its test vector is a test here.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

_PURPOSE = "icecube-url-v1"
"""First line of what is signed: a signature for anything else is none for a URL."""
_HOUR = 3600
_EXPIRES = re.compile(r"expires=([0-9]{1,12})")
_SIGNATURE = "signature="
_DOWNLOAD = "download=1"


class UrlSignatureError(Exception):
    """The URL was not signed by us, or was changed since."""

    def __init__(self) -> None:
        super().__init__("The URL's signature is not valid for it.")


class UrlExpiredError(Exception):
    """The time for which the URL was signed is over."""

    def __init__(self) -> None:
        super().__init__("The URL has expired; ask for a new one.")


@dataclass(frozen=True, slots=True)
class SignedAccess:
    """What a signed URL allows."""

    expires_at: datetime
    as_download: bool


@dataclass(frozen=True, slots=True)
class ImageUrls:
    """Makes and checks URLs. *base* stands before the path; those in bodies live *life_seconds* at least."""

    keys: tuple[bytes, ...] = ()
    base: str = ""
    life_seconds: int = 86_400

    def of(self, image_id: UUID, *, at: datetime) -> str:
        """Return the URL of an image as bodies carry it: signed where there are keys.

        The end of its life is a full hour, so that the URL, and what is cached under it, stays the same for a while.
        """
        if not self.keys:
            return f"{self.base}{_path(image_id)}"
        until = -(-(int(at.timestamp()) + self.life_seconds) // _HOUR) * _HOUR
        return self.signed(image_id, expires_at=datetime.fromtimestamp(until, UTC))

    def signed(self, image_id: UUID, *, expires_at: datetime, as_download: bool = False) -> str:
        """Return a URL signed with the first key."""
        parameters = [f"expires={int(expires_at.timestamp())}", *([_DOWNLOAD] if as_download else [])]
        signature = sign(self.keys[0], _path(image_id), parameters)
        return f"{self.base}{_path(image_id)}?{'&'.join(sorted(parameters))}&{_SIGNATURE}{signature}"

    def is_signed(self, query: str) -> bool:
        """Say whether a URL with this query asks to be let in by its signature."""
        return bool(self.keys) and any(part.startswith(_SIGNATURE) for part in query.split("&"))

    def check(self, path: str, query: str, *, at: datetime) -> SignedAccess:
        """Return what a signed URL allows; raise `UrlSignatureError` or `UrlExpiredError`.

        Every parameter but the signature is signed, so one that was added, repeated or changed makes it invalid.
        """
        parts = query.split("&")
        signatures = [part.removeprefix(_SIGNATURE) for part in parts if part.startswith(_SIGNATURE)]
        signed = [part for part in parts if not part.startswith(_SIGNATURE)]
        if len(signatures) != 1 or not self._has_signed(path, signed, signatures[0]):
            raise UrlSignatureError
        access = _access(signed)
        if at >= access.expires_at:
            raise UrlExpiredError
        return access

    def _has_signed(self, path: str, parameters: Iterable[str], signature: str) -> bool:
        wanted = [sign(key, path, parameters).encode() for key in self.keys]
        return any(hmac.compare_digest(one, signature.encode()) for one in wanted)


def _path(image_id: UUID) -> str:
    return f"/image/{image_id}"


def sign(key: bytes, path: str, parameters: Iterable[str]) -> str:
    """Return the signature of a path with *parameters*, as docs/access.md has it."""
    text = "\n".join((_PURPOSE, path, "&".join(sorted(parameters))))
    return urlsafe_b64encode(hmac.new(key, text.encode(), sha256).digest()).decode().rstrip("=")


def _access(parameters: list[str]) -> SignedAccess:
    """Return what signed parameters say; what this release does not know it does not honour."""
    expiries = [match for part in parameters if (match := _EXPIRES.fullmatch(part))]
    others = [part for part in parameters if not _EXPIRES.fullmatch(part)]
    if len(expiries) != 1 or others not in ([], [_DOWNLOAD]):
        raise UrlSignatureError
    return SignedAccess(datetime.fromtimestamp(int(expiries[0][1]), UTC), as_download=bool(others))
