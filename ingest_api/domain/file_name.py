"""The name of a file with an image's bytes, for whoever downloads it."""

from pathlib import PurePosixPath

from common.formats import ImageFormat


def file_name(sent_name: str | None, safe_name: str, image_format: str) -> str:
    """Return what its uploader called the image, with a suffix that is true of *image_format*.

    A suffix of that format stays as it was sent; another is replaced. Without a *sent_name*, the *safe_name* is taken.
    """
    if not sent_name:
        return f"{safe_name}.{image_format}"
    path = PurePosixPath(sent_name)
    is_true = path.suffix.lower() in _suffixes(image_format)
    return sent_name if is_true else f"{path.stem}.{image_format}"


def _suffixes(image_format: str) -> tuple[str, ...]:
    known = next((each for each in ImageFormat if each == image_format), None)
    return known.suffixes if known else (f".{image_format}",)
