"""Says as an exit status whether the container's process can do its work: `python -m deploy.docker.health PORT`.

Instead of curl, which the image does not have.
"""

import sys

from deploy.probing import answers_ready

PATIENCE_SECONDS = 3
"""Less than the time that the image's HEALTHCHECK allows, so that it is us who answers."""

if __name__ == "__main__":
    sys.exit(0 if answers_ready("127.0.0.1", int(sys.argv[1]), patience_seconds=PATIENCE_SECONDS) else 1)
