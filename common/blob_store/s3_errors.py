"""Translates S3's errors into an operator's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from aiohttp import ClientError as HttpError
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as ConnectingError

from common.blob_store import BlobNotFoundError, BlobStoreUnavailableError

_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_MEANINGS = {
    "NoSuchBucket": "the bucket does not exist",
    "InvalidAccessKeyId": f"the access key is not known there; see {_KEYS}",
    "SignatureDoesNotMatch": f"the secret key is wrong; see {_KEYS}",
    "ExpiredToken": f"the keys have expired; see {_KEYS}",
    "AccessDenied": "the keys lack a right; s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload "
    "and s3:ListBucket are needed",
    "PermanentRedirect": "the bucket is in another region; see ICECUBE_BLOB_S3_REGION",
    "AuthorizationHeaderMalformed": "the bucket is in another region; see ICECUBE_BLOB_S3_REGION",
    "SlowDown": "it asks to slow down",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
}


@contextmanager
def s3_errors(place: str, blob_id: UUID | None = None) -> Iterator[None]:
    """Turn botocore's errors into the port's; *place* names the bucket for the operator."""
    try:
        yield
    except ClientError as exc:
        if blob_id and error_code(exc) == "NoSuchKey":
            raise BlobNotFoundError(blob_id) from exc
        raise _unavailable(place, _refusal(exc)) from exc
    except NoCredentialsError as exc:
        raise _unavailable(place, f"there are no keys; set {_KEYS}") from exc
    except (ConnectingError, HTTPClientError, HttpError, TimeoutError) as exc:
        raise _unavailable(place, f"it cannot be reached or does not answer ({type(exc).__name__})") from exc
    except BotoCoreError as exc:
        raise _unavailable(place, str(exc)) from exc


def error_code(exc: ClientError) -> str:
    """Return S3's name for the error."""
    return exc.response.get("Error", {}).get("Code", "")


def _refusal(exc: ClientError) -> str:
    code, message = error_code(exc), exc.response.get("Error", {}).get("Message", "")
    return _MEANINGS.get(code) or f"it refuses: {code}: {message}"


def _unavailable(place: str, meaning: str) -> BlobStoreUnavailableError:
    return BlobStoreUnavailableError(f"blob store {place}: {meaning}")
