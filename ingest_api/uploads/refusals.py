"""Why an upload is refused for its form: the family of refusals.

UploadRefusedError             see header_check
├── MalformedUploadError       malformed_upload
├── FieldRefusedError          invalid_request
├── FileTooLargeError          file_too_large
├── TooManyFilesError          too_many_files
├── UploadTooLargeError        upload_too_large
├── FormTooLargeError          form_too_large
└── UploadTooSlowError         upload_too_slow
"""

from ingest_api.uploads.header_check import UploadRefusedError


class MalformedUploadError(UploadRefusedError):
    """The body is not a multipart form, is cut short, or has no part named `file`."""

    code = "malformed_upload"


class FieldRefusedError(UploadRefusedError):
    """A part beside the files says something that cannot be; the message begins with its name."""

    code = "invalid_request"


class FileTooLargeError(UploadRefusedError):
    """A file is larger than the limit."""

    code = "file_too_large"


class TooManyFilesError(UploadRefusedError):
    """The upload has more files than the limit."""

    code = "too_many_files"


class UploadTooLargeError(UploadRefusedError):
    """All files of the upload together are larger than the limit."""

    code = "upload_too_large"


class FormTooLargeError(UploadRefusedError):
    """The form holds more beside its files than any client needs to send."""

    code = "form_too_large"


class UploadTooSlowError(UploadRefusedError):
    """The upload took longer than the limit."""

    code = "upload_too_slow"
