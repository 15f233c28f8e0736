"""File names are made safe to keep, to send and to print."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_api.uploads.names import kept_name, safe_name, sent_name


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("photo.jpg", "photo"),
        ("IMG_0042.JPEG", "IMG_0042"),
        ("archive.tar.gz", "archive.tar"),
        ("no-extension", "no-extension"),
        ("my holiday (1).png", "my_holiday_1_"),
        ("_private.png", "_private"),
        ("café Ångström.png", "cafe_Angstrom"),
        ("日本.png", "unknown"),
        ("日本 2026.png", "_2026"),
        ("../../etc/passwd.png", "passwd"),
        ("..\\..\\windows\\system.png", "system"),
        ("C:\\pictures\\cat.png", "cat"),
        ("/absolute/path/dog.webp", "dog"),
        ("folder/", "unknown"),
        ("evil\r\nSet-Cookie: x=1.png", "evil_Set-Cookie_x_1"),
        ('quote".png', "quote_"),
        ("nul\0byte.png", "nul_byte"),
        ("\uff0e\uff0e\uff0fpasswd.png", "_passwd"),
        ("-rf.png", "rf"),
        ("...", "unknown"),
        (".jpg", "unknown"),
        ("___.png", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
        ("x" * 300 + ".png", "x" * 128),
        ("x" * 127 + "." + "y" * 50 + ".png", "x" * 127),
    ],
)
def test_a_name_is_made_safe(filename: str | None, expected: str) -> None:
    """Folders, extension, accents and all that is neither letter, digit, dot, underscore nor dash are gone."""
    assert safe_name(filename) == expected


@given(filename=st.text(max_size=400))
def test_any_name_becomes_a_safe_one(filename: str) -> None:
    """Whatever a client sends, the name fits its alphabet and length, hides nothing and has something to read."""
    name = safe_name(filename)

    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", name)
    assert re.search(r"[A-Za-z0-9]", name)
    assert not name.endswith((".", "-"))


@given(name=st.from_regex(r"[A-Za-z0-9_]{0,40}[a-z]", fullmatch=True))
def test_a_safe_name_stays(name: str) -> None:
    """What is safe already is not touched."""
    assert safe_name(name) == name
    assert safe_name(f"{name}.png") == name


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (b"a%22b%22.png", 'a"b".png'),
        (b"two%0D%0Alines.png", "two\r\nlines.png"),
        (b"100%25.png", "100%25.png"),
        ("写真.jpg".encode(), "写真.jpg"),
        (b"caf\xe9.jpg", "caf\N{REPLACEMENT CHARACTER}.jpg"),
    ],
)
def test_a_name_is_read_as_browsers_send_it(sent: bytes, meant: str) -> None:
    """They write quotes and line breaks as percent codes, and leave every other percent sign as it is."""
    assert sent_name(sent) == meant


@pytest.mark.parametrize(
    ("filename", "kept"),
    [
        ("写真 2026.JPG", "写真 2026.JPG"),
        ("café.png", "café.png"),
        ("cafe\u0301.png", "café.png"),
        ('a"b;c.png', 'a"b;c.png'),
        ("../../etc/пароль.png", "пароль.png"),
        ("C:\\Bilder\\Müller.tif", "Müller.tif"),
        ("two\r\nlines\x00.png", "twolines.png"),
        ("evil\u202egnp.exe.png", "evilgnp.exe.png"),
        ("...", None),
        ("", None),
        (None, None),
    ],
)
def test_a_name_is_kept_in_its_script(filename: str | None, kept: str | None) -> None:
    """Folders go, and what nobody sees: line breaks, NUL, marks that turn the direction of writing."""
    assert kept_name(filename) == kept


@given(st.text(max_size=400))
def test_a_kept_name_fits_everywhere(filename: str) -> None:
    """It is short enough for any file system, encodes, and has neither a separator nor a control character."""
    kept = kept_name(filename)

    assert kept is None or (len(kept.encode()) <= 240 and kept.isprintable() and "/" not in kept)
    assert kept is None or kept_name(kept) == kept
