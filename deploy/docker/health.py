"""Says as an exit status whether the container's process can do its work: `python -m deploy.docker.health`.

Instead of curl, which the image does not have.
"""

import http.client
import os
import sys
from collections.abc import Mapping
from pathlib import Path

_PATIENCE_SECONDS = 3
"""Less than the time that the image's HEALTHCHECK allows, so that it is us who answers."""


def is_healthy(environment: Mapping[str, str]) -> bool:
    """Return whether the processor has its partitions, where a ready file is named; else whether the API is ready.

    Raises `KeyError` when neither ICECUBE_READY_FILE nor ICECUBE_SERVER_PORT, which the image sets, is there.
    """
    if ready_file := environment.get("ICECUBE_READY_FILE"):
        return Path(ready_file).exists()
    return _is_ready(int(environment["ICECUBE_SERVER_PORT"]))


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_healthy(os.environ) else 1)
