"""The generated reference is what the code would write now, and says the truth."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from common.settings.loading import load_settings, variables
from common.settings.model import Settings
from deploy.reference.configuration import configuration
from deploy.reference.documents import DOCUMENTS, stale, write
from deploy.reference.env_example import env_example
from deploy.reference.openapi import openapi

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_reference_has_not_drifted(name: str) -> None:
    """Each document in the tree is what the code writes; if not, `python -m deploy.reference` mends it."""
    written = (ROOT / name).read_text("utf-8")

    assert written == DOCUMENTS[name]()


def test_a_missing_and_a_changed_document_are_stale(tmp_path: Path) -> None:
    """What is missing or was edited by hand is named; what is as written is not."""
    write(tmp_path, [".env.example", "docs/configuration.md"])
    (tmp_path / ".env.example").write_text("ICECUBE_SERVER_PORT=1\n")

    found = stale(tmp_path)

    assert found == [".env.example", "docs/asyncapi.json", "docs/licences.md", "docs/openapi.json"]


def test_the_check_fails_and_writes_nothing(tmp_path: Path) -> None:
    """`--check` names what is stale on stderr, ends with status 1 and leaves the tree as it is."""
    command = [sys.executable, "-m", "deploy.reference", "--check", "--root", str(tmp_path)]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert [line.split(" ")[0] for line in ended.stderr.splitlines()] == list(DOCUMENTS)
    assert list(tmp_path.iterdir()) == []


def test_the_page_has_a_row_for_every_setting() -> None:
    """Every variable and every member of the file stands in the page once, with a description."""
    rows = re.findall(r"^\| `(\w+)`(?: 🔒)? \| `([\w.]+)` \|.*\| (\S.*) \|$", configuration(), re.MULTILINE)

    assert [variable for variable, _, _ in rows] == [variable for _, _, variable in variables()]
    assert len({member for _, member, _ in rows}) == len(rows)


def test_the_page_marks_the_secrets() -> None:
    """The settings whose values are masked are marked, and no others."""
    marked = re.findall(r"`(\w+)` 🔒", configuration())

    secrets = ["ICECUBE_DATABASE_URI", "POSTGRES_PASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
    secrets += ["ICECUBE_KAFKA_SIGNING_KEYS", "ICECUBE_URL_SIGNING_KEYS"]
    assert marked == secrets


def test_the_env_example_changes_nothing() -> None:
    """With every line let in, the settings in force are the defaults: the example lies about none of them."""
    lines = re.findall(r"^# ([A-Z0-9_]+)=(.*)$", env_example(), re.MULTILINE)

    in_force = load_settings(flags={}, environment=dict(lines), file=None)

    assert [name for name, _ in lines] == [variable for _, _, variable in variables()]
    assert in_force == Settings()


def test_the_http_surface_is_valid_openapi() -> None:
    """The document follows the OpenAPI specification."""
    document = openapi()

    validate(document)
    assert {"/api/v1/images", "/api/v1/job", "/api/v1/job/{id}", "/image/{id}"} <= set(document["paths"])
