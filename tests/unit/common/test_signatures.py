"""Who may write what is taken from Kafka."""

import hashlib
import hmac

import pytest

from common.kafka.signatures import SIGNATURE, UNSIGNED, SignatureRefusedError, Signatures, copy_signature

OLD, NEW = b"o" * 32, b"n" * 32
KEY, VALUE = b"a key", b"a value"


def test_a_signature_is_an_hmac_of_key_and_value() -> None:
    """Any release, and any language, can check it: the key's length in digits, a colon, the key, the value."""
    expected = hmac.new(OLD, b"5:a keya value", hashlib.sha256).hexdigest()

    assert Signatures((OLD,)).sign(KEY, VALUE) == {SIGNATURE: f"v1={expected}"}


def test_the_first_key_signs_and_all_verify() -> None:
    """Keys are changed without a moment in which one side refuses the other."""
    for signing, verifying in (((OLD,), (OLD, NEW)), ((OLD, NEW), (OLD, NEW)), ((NEW, OLD), (OLD, NEW))):
        Signatures(verifying).check(KEY, VALUE, Signatures(signing).sign(KEY, VALUE))

    with pytest.raises(SignatureRefusedError, match="no key of ours"):
        Signatures((OLD,)).check(KEY, VALUE, Signatures((NEW, OLD)).sign(KEY, VALUE))


@pytest.mark.parametrize(
    ("key", "value"),
    [(b"another", VALUE), (KEY, b"another"), (b"a keya", b" value"), (None, VALUE), (KEY, None), (b"a key:", VALUE)],
)
def test_a_signature_holds_for_one_record(key: bytes | None, value: bytes | None) -> None:
    """Neither for another key or value, nor for the same bytes divided otherwise."""
    signed = Signatures((OLD,)).sign(KEY, VALUE)

    with pytest.raises(SignatureRefusedError, match="no key of ours"):
        Signatures((OLD,)).check(key, value, signed)


@pytest.mark.parametrize("signature", ["", "v1=", "v1=" + "0" * 64, "v2=x", "größe", "v1=" + "f" * 100_000])
@pytest.mark.parametrize("required", [True, False])
def test_a_forged_signature_is_refused(signature: str, *, required: bool) -> None:
    """Also while unsigned records are taken: who sends a signature must have a key."""
    with pytest.raises(SignatureRefusedError, match="no key of ours"):
        Signatures((OLD,), required=required).check(KEY, VALUE, {SIGNATURE: signature})


def test_what_is_not_signed_is_refused_where_there_is_a_key() -> None:
    """Unless signatures are not required yet, as while keys are being rolled out."""
    with pytest.raises(SignatureRefusedError, match="not signed"):
        Signatures((OLD,)).check(KEY, VALUE, {})

    Signatures((OLD,), required=False).check(KEY, VALUE, {})


def test_without_a_key_all_is_taken_and_nothing_signed() -> None:
    """A processor without keys works for an API that has some, and the other way round."""
    assert UNSIGNED.sign(KEY, VALUE) == {}
    for headers in ({}, {SIGNATURE: "v1=0"}):
        UNSIGNED.check(KEY, VALUE, headers)


def test_a_dead_letter_keeps_a_short_signature_only() -> None:
    """A stranger's header must not make a dead letter too large to be sent."""
    assert copy_signature({SIGNATURE: "x" * 100_000, "baggage": "b"}) == {SIGNATURE: "x" * 100}
