"""`icecube up` brings along what is not configured, and tells its children."""

from pathlib import Path
from typing import Any

import pytest

from common.settings.loading import load_settings
from common.settings.model import Settings
from deploy.local.plan import Opened, UpRefusedError, child_environment, cores, plan_for

_OPENED = Opened(port=4000, kafka="127.0.0.1:5000", postgres="postgresql://icecube@/postgres?host=/x", ram=None)


def _settings(**flags: dict[str, Any]) -> Settings:
    return load_settings(flags=flags, environment={}, file=None)


def test_everything_is_embedded_where_nothing_is_configured() -> None:
    """Without any configuration the broker and PostgreSQL are brought along, and data is kept."""
    plan = plan_for(_settings(), processors=1)

    assert plan.brings_broker
    assert plan.brings_postgres
    assert not plan.needs_ram
    assert plan.workers == cores()


def test_what_is_configured_is_not_brought() -> None:
    """A configured Kafka and PostgreSQL are used as they are, and a stated number of workers stands."""
    settings = _settings(
        kafka={"brokers": "kafka:9092"},
        database={"type": "postgres", "uri": "postgres://db/icecube"},
        server={"max_workers": 7},
    )

    plan = plan_for(settings, processors=3)

    assert not plan.brings_broker
    assert not plan.brings_postgres
    assert plan.workers == 7


@pytest.mark.parametrize(
    ("flags", "postgres", "images"),
    [({"database": {"type": "memory"}}, True, False), ({"blob": {"type": "memory"}}, False, True)],
)
def test_memory_means_ram(flags: dict[str, dict[str, Any]], *, postgres: bool, images: bool) -> None:
    """What is of type memory, and only that, lives in a folder in RAM."""
    plan = plan_for(_settings(**flags), processors=1)

    assert plan.needs_ram
    assert plan.postgres_in_ram is postgres
    assert plan.images_in_ram is images


def test_the_embedded_broker_serves_one_processor() -> None:
    """More processors without a real Kafka are refused, naming the flag and the setting."""
    with pytest.raises(UpRefusedError, match=r"--processors 2.*ICECUBE_KAFKA_BROKERS"):
        plan_for(_settings(), processors=2)


def test_children_are_told_what_is_embedded(tmp_path: Path) -> None:
    """Children get the embedded parts under the names that production configures, and a short fetch wait."""
    settings = _settings(server={"data_dir": tmp_path})

    told = child_environment(settings, plan_for(settings, processors=1), _OPENED)
    understood = load_settings(flags={}, environment=told, file=None)

    assert understood.kafka.brokers == _OPENED.kafka
    assert understood.kafka.fetch_wait_ms == 20
    assert understood.database.dsn == _OPENED.postgres
    assert understood.server.port == 4000
    assert understood.blob_folder == tmp_path / "images"


def test_forgery_on_the_embedded_broker_is_refused() -> None:
    """It lets everybody on the machine write, so each run has a key of its own, unless keys are configured."""
    settings = _settings()
    first, second = (child_environment(settings, plan_for(settings, processors=1), _OPENED) for _ in range(2))
    configured = _settings(kafka={"signing_keys": "k" * 32})

    keys = [load_settings(flags={}, environment=told, file=None).kafka.signing_key_list for told in (first, second)]

    assert [len(key) for (key,) in keys] == [64, 64]
    assert keys[0] != keys[1]
    assert "ICECUBE_KAFKA_SIGNING_KEYS" not in child_environment(
        configured, plan_for(configured, processors=1), _OPENED
    )


def test_children_find_what_is_configured_themselves() -> None:
    """Of what is not embedded, children are told nothing: they read the same configuration."""
    settings = _settings(
        kafka={"brokers": "kafka:9092"},
        database={"type": "postgres", "uri": "postgres://db/icecube"},
        blob={"type": "s3", "bucket": "b", "region": "r"},
    )

    told = child_environment(settings, plan_for(settings, processors=1), _OPENED)

    assert told.keys() == {
        "ICECUBE_DATA_DIR",
        "ICECUBE_SERVER_MAX_WORKERS",
        "ICECUBE_SERVER_METRICS_PORT",
        "ICECUBE_SERVER_PORT",
    }


@pytest.mark.parametrize(
    ("server", "processors", "port"),
    [({}, 1, "0"), ({"metrics_port": 9000}, 1, "9000"), ({"metrics_port": 9000}, 2, "0")],
)
def test_a_processor_has_a_metrics_port_where_one_is_asked_for(
    server: dict[str, Any], processors: int, port: str
) -> None:
    """Unasked there is none, and several processors cannot share one."""
    settings = _settings(server=server, kafka={"brokers": "kafka:9092"})

    told = child_environment(settings, plan_for(settings, processors=processors), _OPENED)

    assert told["ICECUBE_SERVER_METRICS_PORT"] == port


def test_images_in_ram_are_below_the_folder_in_ram(tmp_path: Path) -> None:
    """A store of type memory is a disk store in RAM to the children."""
    settings = _settings(blob={"type": "memory"})
    opened = Opened(port=1, kafka="k", postgres="p", ram=tmp_path)

    told = child_environment(settings, plan_for(settings, processors=1), opened)

    assert told["ICECUBE_BLOB_TYPE"] == "disk"
    assert told["ICECUBE_BLOB_DISK_PATH"] == str(tmp_path / "images")
