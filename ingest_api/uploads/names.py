"""The uploader's name of a file: as browsers send it, and made safe for paths, headers and terminals."""

import re
import unicodedata

MAX_LENGTH = 128
UNKNOWN = "unknown"
_MOST_CHARACTERS, _MOST_BYTES, _LONGEST_SUFFIX = 200, 240, 16


_SENT_BY_BROWSERS = {"%22": '"', "%0D": "\r", "%0A": "\n"}


def sent_name(filename: bytes) -> str:
    """Return the name that a form's `filename` encodes.

    Browsers percent-encode only quotes and line breaks (WHATWG HTML, multipart/form-data).
    """
    name = filename.decode("utf-8", "replace")
    for code, character in _SENT_BY_BROWSERS.items():
        name = name.replace(code, character)
    return name


def kept_name(filename: str | None) -> str | None:
    """Return *filename* in its own script, without folders and invisible characters; None if nothing is left.

    At most 200 characters and 240 bytes of UTF-8 with its extension, so that any file system accepts it.
    """
    base = _base_of(filename)
    visible = "".join(each if unicodedata.category(each)[0] not in "CZ" or each == " " else "" for each in base)
    name = unicodedata.normalize("NFC", visible).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > _LONGEST_SUFFIX:
        stem, suffix = name, ""
    room = _MOST_BYTES - len((dot + suffix).encode())
    short = stem[:_MOST_CHARACTERS].encode()[:room].decode("utf-8", "ignore").rstrip(" .")
    return f"{short}.{suffix}" if short and suffix else short or None


def safe_name(filename: str | None) -> str:
    """Return *filename* without folders and extension, of ASCII letters, digits, `.`, `_` and `-` only.

    Accents are dropped from their letters, anything else becomes one `_`; neither dots nor dashes stand at the
    ends. `MAX_LENGTH` characters at most; "unknown" when neither a letter nor a digit is left.
    """
    base = _base_of(filename)
    stem = base.rpartition(".")[0] if "." in base else base
    letters = "".join(each for each in unicodedata.normalize("NFKD", stem) if not unicodedata.combining(each))
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", letters).strip(".-")[:MAX_LENGTH].rstrip(".-")
    return name if re.search(r"[A-Za-z0-9]", name) else UNKNOWN


def _base_of(filename: str | None) -> str:
    return re.split(r"[/\\]", filename or "")[-1]
