"""The HTTP surface, as OpenAPI 3.1."""

from typing import Any

from common.settings.model import Settings
from ingest_api.app import create_app


def openapi() -> dict[str, Any]:
    """Return the document that the API itself serves at `/openapi.json`."""
    return create_app(Settings()).openapi()
