"""The configuration files that users begin with are read as they are."""

from pathlib import Path

import pytest

from common.settings.groups import BlobType, DatabaseType
from common.settings.loading import load_settings
from deploy.cli.requirements import missing_for
from deploy.local.plan import plan_for

FOLDER = Path(__file__).parents[3] / "deploy/config"


@pytest.mark.parametrize("command", ["api", "processor", "migrate", "topics"])
def test_production_example_is_enough_for_every_part(command: str) -> None:
    """With the example for production, a part that runs alone finds all it needs, and no secret is in the file."""
    settings = load_settings(flags={}, environment={}, file=FOLDER / "production.json")

    assert missing_for(command, settings) == []
    assert (settings.database.type, settings.blob.type) == (DatabaseType.POSTGRES, BlobType.S3)
    assert "@" not in settings.database.uri.get_secret_value()
    assert not settings.blob.secret_access_key.get_secret_value()


def test_development_example_needs_nothing() -> None:
    """With the example for development, `icecube up` brings everything along, and keeps it."""
    settings = load_settings(flags={}, environment={}, file=FOLDER / "development.json")

    plan = plan_for(settings, processors=1)

    assert (plan.brings_broker, plan.brings_postgres, plan.needs_ram) == (True, True, False)
