"""Says as an exit status whether the container's process can do its work: `python -m deploy.docker.health PORT`.

Instead of curl, which the image does not have.
"""

import http.client
import sys

_PATIENCE_SECONDS = 3
"""Less than the time that the image's HEALTHCHECK allows, so that it is us who answers."""


def is_ready(port: int) -> bool:
    """Return whether the API, or with its own port a processor, answers /readyz with 200 in time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_ready(int(sys.argv[1])) else 1)
