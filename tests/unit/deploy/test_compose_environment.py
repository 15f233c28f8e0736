"""The containers of the compose file are given the settings they need, and no more."""

import pytest

from common.settings.loading import SettingsError, load_settings
from common.settings.loading import variables as all_settings
from deploy.cli.requirements import missing_for
from tests.unit.deploy import compose

SHELL = {
    "POSTGRES_PASSWORD": "secret",
    "ICECUBE_DATABASE_URI": "postgres://db.example:5432/icecube",
    "ICECUBE_BLOB_S3_BUCKET": "pictures",
    "ICECUBE_BLOB_S3_REGION": "eu-central-1",
}
SETTINGS = {name: group for group, _, name in all_settings()}
DATABASE = {name for name, group in SETTINGS.items() if group == "database"}
ACCESS = {name for name, group in SETTINGS.items() if group == "access"}
OF_THE_IMAGE = {
    "ICECUBE_SERVER_HOST",
    "ICECUBE_SERVER_PORT",
    "ICECUBE_SERVER_METRICS_PORT",
    "ICECUBE_DATA_DIR",
    "ICECUBE_BLOB_DISK_PATH",
}
OF_THE_PROCESSOR = {"ICECUBE_SERVER_MAX_WORKERS"}
NOT_SETTINGS = {"ICECUBE_IMAGE", "ICECUBE_MEMORY", "ICECUBE_PUBLISH_ADDRESS", "OTEL_EXPORTER_OTLP_ENDPOINT"}
OURS = pytest.mark.parametrize("name", list(compose.ours()))


def with_command(command: str) -> list[str]:
    """Return the services that run *command*."""
    return [name for name, service in compose.ours().items() if service["command"] == [command]]


def test_every_variable_is_known() -> None:
    """Whatever the file passes on or asks for is a setting, or one of the few that are none."""
    passed = {name for service in compose.ours().values() for name in service["environment"]}
    asked = {name for name, _ in compose.variables()}

    assert passed | asked <= SETTINGS.keys() | NOT_SETTINGS


@OURS
def test_environment_is_a_valid_configuration(name: str) -> None:
    """With what its user must choose, each part finds all it needs."""
    service = compose.ours()[name]

    settings = load_settings(flags={}, environment=compose.environment(service, SHELL), file=None)

    assert missing_for(service["command"][0], settings) == []


def test_missing_database_is_told() -> None:
    """Where PostgreSQL is elsewhere and nobody says where, the migration refuses and names the variable."""
    environment = compose.environment(compose.ours()["migrate-external"], {})

    with pytest.raises(SettingsError, match="ICECUBE_DATABASE_URI"):
        load_settings(flags={}, environment=environment, file=None)


@pytest.mark.parametrize("name", with_command("api"))
def test_api_takes_every_setting(name: str) -> None:
    """Every setting that the image or the profile does not decide can be set from outside."""
    blob_settings = {variable for variable, group in SETTINGS.items() if group == "blob"}

    passed = compose.ours()[name]["environment"].keys()

    assert SETTINGS.keys() - passed <= OF_THE_IMAGE | OF_THE_PROCESSOR | blob_settings


@pytest.mark.parametrize("name", with_command("processor"))
def test_processor_takes_every_setting_that_is_its_business(name: str) -> None:
    """A processor is given all settings too, but none that leads to the database or lets callers in."""
    blob_settings = {variable for variable, group in SETTINGS.items() if group == "blob"}

    passed = compose.ours()[name]["environment"].keys()

    assert SETTINGS.keys() - passed <= OF_THE_IMAGE | DATABASE | ACCESS | blob_settings
    assert passed & (DATABASE | ACCESS) == set()


def test_parts_of_a_profile_agree() -> None:
    """API and processors of a profile use the same blob store and the same Kafka."""
    for profile in compose.PROFILES[1:]:
        started = compose.in_profile(profile)
        environments = [
            compose.environment(service, SHELL)
            for name, service in started.items()
            if name in {*with_command("api"), *with_command("processor")}
        ]

        shared = [
            {key: value for key, value in one.items() if key.startswith(("ICECUBE_BLOB", "ICECUBE_KAFKA", "AWS"))}
            for one in environments
        ]

        assert len(shared) == 2
        assert shared[0] == shared[1], profile
        assert ("data:/data" in next(iter(started.values())).get("volumes", [])) == ("s3" not in profile)
