"""What becomes of an upload while it arrives."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
UPLOAD_TO_A_FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from starlette.requests import Request
from common.blob_store import BlobStoreUnavailableError
from common.settings.groups import LimitsSettings
from ingest_api.uploads.folder import UploadFolder
from ingest_api.uploads.receiving import receive_form

BODY = b'--b\\r\\ncontent-disposition: form-data; name="file"\\r\\n\\r\\n' + bytes(3000) + b'\\r\\n--b--\\r\\n'

async def receive():
    return {"type": "http.request", "body": BODY, "more_body": False}

async def upload(folder):
    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        async with receive_form(request, LimitsSettings(), UploadFolder(folder, free_mb=0)) as form:
            print("taken:", form.files[0].path.stat().st_size)
    except BlobStoreUnavailableError as exc:
        print("refused:", exc)

asyncio.run(upload(Path(sys.argv[1])))
"""


def test_a_disk_that_is_full_at_the_last_bytes_is_told(tmp_path: Path) -> None:
    """An upload whose end cannot be written is refused, never taken cut short."""
    command = [sys.executable, "-c", UPLOAD_TO_A_FULL_DISK, str(tmp_path)]

    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)

    assert result.stdout.startswith("refused:"), result.stdout
    assert list(tmp_path.iterdir()) == []
