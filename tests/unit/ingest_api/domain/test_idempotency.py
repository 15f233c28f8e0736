"""Requests that are sent again, across releases."""

from hashlib import sha256

import pytest

from ingest_api.domain.idempotency import IdempotencyKey, KeyReusedError, idempotency_key

PARTS = ["id", '{"quality":70}']
FIRST_PARTS = ["id", '{"format":null,"maxDimension":0,"quality":70,"keepMetadata":false}']
FIRST = sha256(f"2:id{len(FIRST_PARTS[1])}:{FIRST_PARTS[1]}".encode()).digest()


def asked(parts: list[str] = PARTS, first: list[str] = FIRST_PARTS) -> IdempotencyKey:
    """Return a request under a key."""
    key = idempotency_key("createJob", "order-4711", parts, as_first_written=first)
    assert key is not None
    return key


def test_a_fingerprint_says_how_it_was_taken() -> None:
    """The way of this release, and beside it that of the first: both may read the row during an upgrade."""
    key = asked()

    assert key.fingerprint == "v2:" + sha256(b'2:id14:{"quality":70}').hexdigest()
    assert key.first_fingerprint == FIRST


def test_the_same_request_is_recognised() -> None:
    """In rows of this release, of the first and of a later one."""
    asked().check(stored=asked().fingerprint, first=b"whatever")
    asked().check(stored=None, first=FIRST)
    asked().check(stored="v3:0123", first=b"whatever")


@pytest.mark.parametrize("stored", [None, asked().fingerprint], ids=["of the first release", "of this one"])
def test_another_request_is_refused(stored: str | None) -> None:
    """A key is for one request."""
    other = asked(["id", "{}"], ["id", "other"])

    with pytest.raises(KeyReusedError):
        other.check(stored=stored, first=FIRST)


def test_without_a_key_nothing_is_recognised() -> None:
    """Each request counts."""
    assert idempotency_key("createJob", None, PARTS) is None
