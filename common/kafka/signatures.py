"""Signs records: with keys configured, only their holders can request jobs or report results."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from common.events import UnreadableEventError
from common.kafka.headers import Headers
from common.settings.groups import KafkaSettings

SIGNATURE = "icecube_signature"
"""The header that holds it."""
_SCHEME = "v1="
_LONGEST = 100


class SignatureRefusedError(UnreadableEventError):
    """The record is unsigned, or signed with a foreign key: anybody may have written it."""


@dataclass(frozen=True, slots=True)
class Signatures:
    """HMAC-SHA256 of a record's key and value. The first of *keys* signs, all verify; without keys any is accepted.

    *required* refuses unsigned records. Topic, headers and time are not covered: a record that is sent again is a
    redelivery, which changes nothing.
    """

    keys: tuple[bytes, ...] = ()
    required: bool = True

    def sign(self, key: bytes | None, value: bytes | None) -> Headers:
        """Return the header that signs a record; none without a key."""
        return {SIGNATURE: _signature(self.keys[0], key, value)} if self.keys else {}

    def check(self, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Raise `SignatureRefusedError` for a record that a stranger may have written."""
        signature = headers.get(SIGNATURE)
        if not self.keys or (signature is None and not self.required):
            return
        if signature is None:
            message = "it is not signed"
            raise SignatureRefusedError(message)
        # Compared as bytes: a stranger's signature may not be ASCII.
        expected = [_signature(one, key, value).encode() for one in self.keys]
        if not any([hmac.compare_digest(signature.encode(), one) for one in expected]):  # noqa: C419 - all, for equal time
            message = "it is signed by no key of ours"
            raise SignatureRefusedError(message)


UNSIGNED = Signatures()
"""Signs nothing and accepts everything: used without keys."""


def signatures_of(settings: KafkaSettings) -> Signatures:
    """Return the signatures that *settings* configure."""
    return Signatures(settings.signing_key_list, required=settings.require_signatures)


def copy_signature(headers: Mapping[str, str]) -> Headers:
    """Return the signature among *headers*, for a dead letter that may be replayed."""
    return {name: value[:_LONGEST] for name, value in headers.items() if name == SIGNATURE}


def _signature(secret: bytes, key: bytes | None, value: bytes | None) -> str:
    key, value = key or b"", value or b""
    return _SCHEME + hmac.digest(secret, b"%d:%b%b" % (len(key), key, value), "sha256").hex()
