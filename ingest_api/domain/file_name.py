"""Names the files of downloads."""

from pathlib import PurePosixPath

from common.formats import ImageFormat


def file_name(sent_name: str | None, safe_name: str, image_format: str) -> str:
    """Return the uploader's name of the image, with a suffix of *image_format*.

    A suffix of that format stays as it was sent; any other is replaced. Without a *sent_name*, *safe_name* is used.
    """
    if not sent_name:
        return f"{safe_name}.{image_format}"
    path = PurePosixPath(sent_name)
    is_true = path.suffix.lower() in _suffixes(image_format)
    return sent_name if is_true else f"{path.stem}.{image_format}"


def _suffixes(image_format: str) -> tuple[str, ...]:
    known = next((each for each in ImageFormat if each == image_format), None)
    return known.suffixes if known else (f".{image_format}",)
