"""An AVIF as it is, where that may be."""

_METADATA = (b"Exif", b"application/rdf+xml")
"""The item type of EXIF, and the content type of XMP."""


def repacked(original: bytes, *, keep_metadata: bool) -> bytes | None:
    """Return *original*, or None where it may hold metadata that must go: no library takes items out of the format."""
    return original if keep_metadata or not any(item in original for item in _METADATA) else None
