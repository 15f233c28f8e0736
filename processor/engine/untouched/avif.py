"""An AVIF as it is, where that may be."""

_METADATA = (b"Exif", b"application/rdf+xml")
"""The item type of EXIF, and the content type of XMP."""


def repacked(original: bytes, *, keep_metadata: bool) -> bytes | None:  # noqa: ARG001 - the same for every format
    """Return *original*, or None where it may hold metadata: no library edits the format's items.

    That goes for metadata to be kept as well, whose orientation would have to be made to say upright.
    """
    return None if any(item in original for item in _METADATA) else original
