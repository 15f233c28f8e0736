"""What an uploader called a file: as browsers send it, and made safe for paths, headers and terminals."""

import re
import unicodedata

MAX_LENGTH = 128
UNKNOWN = "unknown"


_SENT_BY_BROWSERS = {"%22": '"', "%0D": "\r", "%0A": "\n"}


def sent_name(filename: bytes) -> str:
    """Return the name that a form's `filename` stands for.

    Browsers write a quote and line breaks as percent codes, and nothing else (WHATWG HTML, multipart/form-data).
    """
    name = filename.decode("utf-8", "replace")
    for code, character in _SENT_BY_BROWSERS.items():
        name = name.replace(code, character)
    return name


def safe_name(filename: str | None) -> str:
    """Return *filename* without folders and extension, of ASCII letters, digits, `.`, `_` and `-` only.

    Accents are dropped from their letters, anything else becomes one `_`; neither dots nor dashes stand at the
    ends. `MAX_LENGTH` characters at most; "unknown" when neither a letter nor a digit is left.
    """
    base = re.split(r"[/\\]", filename or "")[-1]
    stem = base.rpartition(".")[0] if "." in base else base
    letters = "".join(each for each in unicodedata.normalize("NFKD", stem) if not unicodedata.combining(each))
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", letters).strip(".-")[:MAX_LENGTH].rstrip(".-")
    return name if re.search(r"[A-Za-z0-9]", name) else UNKNOWN
