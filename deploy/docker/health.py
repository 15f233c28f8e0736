"""Reports by its exit status whether the container's process is ready: `python -m deploy.docker.health PORT`.

Instead of curl, which the image does not have.
"""

import sys

from deploy.probing import answers_ready

PATIENCE_SECONDS = 3
"""Less than the timeout of the image's HEALTHCHECK, so that our answer comes first."""

if __name__ == "__main__":
    sys.exit(0 if answers_ready("127.0.0.1", int(sys.argv[1]), patience_seconds=PATIENCE_SECONDS) else 1)
