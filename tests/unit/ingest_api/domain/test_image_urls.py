"""Signed URLs of images."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from ingest_api.domain.image_urls import ImageUrls, UrlExpiredError, UrlSignatureError, sign

IMAGE = UUID("0199f3a0-8c1e-7d2a-b7a4-6c3f6a1d2e10")
KEY = b"0123456789abcdef0123456789abcdef"
NEXT_KEY = b"fedcba9876543210fedcba9876543210"
EXPIRES = datetime.fromtimestamp(1893456000, UTC)
PATH = f"/image/{IMAGE}"
VECTORS = {
    False: "expires=1893456000&signature=x2scAPc0OOpWvvX9y4vxaGGxx7nHlrGZtkVl3Awhqk4",
    True: "download=1&expires=1893456000&signature=4RbidixU64DtKlPrP8TUIHTSN2sEwy9CraP-NXDmPNU",
}
DOCUMENT = Path(__file__).parents[4] / "docs" / "access.md"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def query_of(url: str) -> str:
    """Return what stands behind the question mark."""
    return url.partition("?")[2]


@pytest.mark.parametrize("as_download", [False, True], ids=["shown", "saved"])
def test_a_url_is_signed_as_the_documents_say(*, as_download: bool) -> None:
    """The test vector is the one in docs/access.md: others sign by it."""
    url = ImageUrls((KEY,)).signed(IMAGE, expires_at=EXPIRES, as_download=as_download)

    assert url == f"{PATH}?{VECTORS[as_download]}"
    assert url in DOCUMENT.read_text("utf-8")


def test_what_is_signed_is_let_in_until_it_expires() -> None:
    """To the second."""
    urls = ImageUrls((KEY,))
    query = query_of(urls.signed(IMAGE, expires_at=EXPIRES))

    access = urls.check(PATH, query, at=EXPIRES - timedelta(seconds=1))

    assert (access.expires_at, access.as_download) == (EXPIRES, False)
    with pytest.raises(UrlExpiredError):
        urls.check(PATH, query, at=EXPIRES)


def test_the_first_key_signs_and_all_verify() -> None:
    """A new key is put in front; URLs of the old one go on until it is removed."""
    old, both, new = ImageUrls((KEY,)), ImageUrls((NEXT_KEY, KEY)), ImageUrls((NEXT_KEY,))
    of_old, of_both = (query_of(urls.signed(IMAGE, expires_at=EXPIRES)) for urls in (old, both))

    assert both.check(PATH, of_old, at=NOON) == both.check(PATH, of_both, at=NOON) == new.check(PATH, of_both, at=NOON)
    with pytest.raises(UrlSignatureError):
        new.check(PATH, of_old, at=NOON)


def test_parameters_may_stand_in_any_order() -> None:
    """Proxies and libraries sort them."""
    urls = ImageUrls((KEY,))
    query = query_of(urls.signed(IMAGE, expires_at=EXPIRES, as_download=True))

    assert urls.check(PATH, "&".join(reversed(query.split("&"))), at=NOON).as_download


@pytest.mark.parametrize(
    "change",
    [
        lambda query: query.replace("1893456000", "1893456001"),
        lambda query: f"{query}&expires=1999999999",
        lambda query: f"{query}&download=1",
        lambda query: f"{query}&v=2",
        lambda query: f"{query}&{query.split('&')[-1]}",
        lambda query: query[:-1],
        lambda query: query.replace("signature=", "signature=%41"),
        lambda query: query.replace("expires=1893456000&", ""),
        lambda _: "signature=",
        lambda _: "signature=é",
        lambda query: query.swapcase(),
    ],
)
def test_a_url_that_was_changed_is_refused(change: Callable[[str], str]) -> None:
    """Later, longer, saved instead of shown, another parameter, twice, cut short: none is what was signed."""
    urls = ImageUrls((KEY,))

    with pytest.raises(UrlSignatureError):
        urls.check(PATH, change(query_of(urls.signed(IMAGE, expires_at=EXPIRES))), at=NOON)


def test_a_signature_is_for_one_image() -> None:
    """Another image's path with it is refused, and so is another spelling of the same."""
    urls = ImageUrls((KEY,))
    query = query_of(urls.signed(IMAGE, expires_at=EXPIRES))

    for path in (PATH[:-1] + "1", PATH.upper(), f"/api/v1{PATH}/metadata"):
        with pytest.raises(UrlSignatureError):
            urls.check(path, query, at=NOON)


def test_what_a_later_release_signs_is_not_honoured_by_halves() -> None:
    """A parameter that is signed and not known may forbid something: the URL is refused."""
    urls = ImageUrls((KEY,))
    signed = ["expires=1893456000", "width=10"]
    signature = sign(KEY, PATH, signed)

    with pytest.raises(UrlSignatureError):
        urls.check(PATH, f"{'&'.join(signed)}&signature={signature}", at=NOON)


def test_urls_in_bodies_stay_the_same_for_an_hour() -> None:
    """They end at a full hour, later than they live at least, so that caches meet the same one again."""
    urls = ImageUrls((KEY,), "https://images.example", life_seconds=600)

    first, same, later = (urls.of(IMAGE, at=NOON + timedelta(minutes=minutes)) for minutes in (0, 50, 51))

    assert first.startswith(f"https://images.example{PATH}?expires={int(NOON.timestamp()) + 3600}&")
    assert first == same != later


def test_without_keys_a_url_is_plain() -> None:
    """And no query is taken for a signature."""
    urls = ImageUrls(base="https://images.example")

    assert urls.of(IMAGE, at=NOON) == f"https://images.example{PATH}"
    assert not urls.is_signed("expires=1&signature=x")
