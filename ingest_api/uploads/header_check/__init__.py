"""Why an upload is refused for its first bytes: the family of refusals.

UploadRefusedError          the file is not taken; `code` is stable, the message is for the uploader
├── EmptyFileError          empty_file
├── NotAnImageError         not_an_image
├── UnsupportedFormatError  unsupported_format
├── DamagedHeaderError      damaged_header
├── TooManyPixelsError      too_many_pixels
├── SideTooLongError        side_too_long
└── TooManyFramesError      too_many_frames
"""

from typing import ClassVar


class UploadRefusedError(Exception):
    """The upload is refused; the message is a sentence for the uploader."""

    code: ClassVar[str] = "upload_refused"


class EmptyFileError(UploadRefusedError):
    """The file has no bytes."""

    code = "empty_file"


class NotAnImageError(UploadRefusedError):
    """The file is not an image."""

    code = "not_an_image"


class UnsupportedFormatError(UploadRefusedError):
    """The file is an image, of a kind that Icecube does not read."""

    code = "unsupported_format"


class DamagedHeaderError(UploadRefusedError):
    """The file begins like a known format, but its header cannot be read."""

    code = "damaged_header"


class TooManyPixelsError(UploadRefusedError):
    """Width times height is beyond the limit."""

    code = "too_many_pixels"


class SideTooLongError(UploadRefusedError):
    """Width or height is beyond the limit."""

    code = "side_too_long"


class TooManyFramesError(UploadRefusedError):
    """The animation has more frames than the limit."""

    code = "too_many_frames"
