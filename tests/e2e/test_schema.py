"""Whatever is sent to a running Icecube, it answers as its OpenAPI document says, and never with a failure of ours."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.services.icecube import RunningIcecube

EXAMPLES = 20


CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = [
    ("POST", "/api/v1/images"),
    ("GET", "/api/v1/image/{id}/metadata"),
    ("GET", "/image/{id}"),
    ("POST", "/api/v1/images/{id}/url"),
    ("GET", "/api/v1/images"),
    ("GET", "/api/v1/jobs"),
    ("POST", "/api/v1/job"),
    ("GET", "/api/v1/job/{id}"),
    ("POST", "/api/v1/jobs/{id}/cancel"),
    ("POST", "/api/v1/jobs/{id}/retry"),
    ("DELETE", "/api/v1/images/{id}"),
    ("POST", "/api/v1/batches"),
    ("GET", "/api/v1/batches/{id}"),
    ("POST", "/api/v1/batches/{id}/cancel"),
    ("DELETE", "/api/v1/batches/{id}"),
    ("GET", "/api/v1/health"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
]


@pytest.fixture(scope="module")
def document(icecube: RunningIcecube) -> schemathesis.BaseSchema:
    """Return the document that the running service describes itself with."""
    return schemathesis.openapi.from_url(f"{icecube.api}/openapi.json")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_answers_are_as_documented(document: schemathesis.BaseSchema, method: str, path: str) -> None:
    """Status, content type and body of every answer are documented, and no request, however odd, is answered 500."""

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )
    @given(document[path][method].as_strategy())
    def ask(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS)

    ask()


def test_every_operation_is_asked(document: schemathesis.BaseSchema) -> None:
    """A new route must be in the list above."""
    paths = document.raw_schema["paths"]
    documented = {(method.upper(), path) for path, operations in paths.items() for method in operations}

    assert documented == set(OPERATIONS)
