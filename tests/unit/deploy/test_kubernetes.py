"""What Kustomize makes for Kubernetes fits the schemas, the settings and the promises of the design."""

import json
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from common.settings.loading import load_settings
from common.settings.loading import variables as all_settings
from common.settings.model import Settings
from deploy.cli.command import app
from deploy.cli.requirements import missing_for

SCRIPTS = Path(sysconfig.get_path("scripts"))
ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy/kubernetes"
OVERLAYS = ("disk", "s3")
CUSTOM = ("PodMonitor", "ScaledObject", "ServiceMonitor")
GRACE_MARGIN_SECONDS = 10
PROCESS_MIB = 300  # what a process holds before its first picture, generously

Resource = dict[str, Any]
EACH = pytest.mark.parametrize("overlay", OVERLAYS)


@cache
def rendered(overlay: str) -> str:
    """Return what `kubectl apply -k` would send."""
    command = [str(SCRIPTS / "kubectl"), "kustomize", str(FOLDER / "overlays" / overlay)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def resources(overlay: str, *kinds: str) -> list[Resource]:
    """Return the resources of *kinds*, all where none is named."""
    found = [one for one in yaml.safe_load_all(rendered(overlay)) if not kinds or one["kind"] in kinds]
    assert found
    return found


def pods(overlay: str) -> Iterator[tuple[Resource, Resource]]:
    """Yield the pod's and its only container's specification of every Deployment and Job."""
    for one in resources(overlay, "Deployment", "Job"):
        spec = one["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        yield spec, container


def container(overlay: str, name: str) -> Resource:
    """Return the container that is called *name*."""
    return next(one for _, one in pods(overlay) if one["name"] == name)


def environment(overlay: str, one: Resource) -> dict[str, str]:
    """Return the variables of a container; those from secrets and from its resources get a likely value."""
    (config,) = resources(overlay, "ConfigMap")
    assert one["envFrom"] == [{"configMapRef": {"name": config["metadata"]["name"]}}]
    secrets = {"ICECUBE_DATABASE_URI": "postgres://icecube:secret@db.example:5432/icecube"}
    optional = {entry["name"] for entry in one.get("env", []) if "optional" in str(entry)}
    own = {
        entry["name"]: entry.get("value") or secrets.get(entry["name"], "2")
        for entry in one.get("env", [])
        if entry["name"] not in optional
    }
    return {**config["data"], **own}


def mebibytes(quantity: str) -> int:
    """Return a quantity such as 3Gi in MiB."""
    return int(quantity[:-2]) * {"Mi": 1, "Gi": 1024}[quantity[-2:]]


@EACH
def test_resources_fit_the_schemas_of_kubernetes(overlay: str, tmp_path: Path) -> None:
    """Every resource of Kubernetes itself fits its schema, with no member that the schema does not know."""
    file = tmp_path / "resources.yaml"
    own = [one for one in resources(overlay) if one["kind"] not in CUSTOM]
    file.write_text(yaml.safe_dump_all(own), "utf-8")
    command = [str(SCRIPTS / "kubernetes-validate"), "--strict", str(file)]

    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "Couldn't find schema" not in checked.stdout + checked.stderr


def test_custom_resources_fit_their_models() -> None:
    """What KEDA and the Prometheus operator are given is read by the models of their schemas, and nothing is lost."""
    written = [one for overlay in OVERLAYS for one in resources(overlay, *CUSTOM)]
    locked = str(FOLDER / "models-requirements.txt")
    command = [str(SCRIPTS / "uv"), "run", "--no-project", "--isolated", "--with-requirements", locked]
    script = ["python", "-I", str(Path(__file__).with_name("custom_resources.py"))]

    read = subprocess.run([*command, *script], input=json.dumps(written), capture_output=True, text=True, check=False)

    assert read.returncode == 0, read.stderr
    assert json.loads(read.stdout) == written


@EACH
def test_every_part_finds_its_settings(overlay: str) -> None:
    """Each container runs a command that exists, with variables that are settings and are all it needs."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group, as it has commands
    known = {name for _, _, name in all_settings()}

    for _, one in pods(overlay):
        (command,) = one["args"]
        variables = environment(overlay, one)
        settings = load_settings(flags={}, environment=variables, file=None)

        assert command in commands
        assert variables.keys() <= known
        assert missing_for(command, settings) == []


@EACH
def test_each_part_runs_once(overlay: str) -> None:
    """There is an API, a processor, a migration and a creation of topics, of this release's image."""
    release = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)

    parts = sorted(one["args"][0] for _, one in pods(overlay))

    assert release
    assert parts == ["api", "migrate", "processor", "topics"]
    assert {one["image"] for _, one in pods(overlay)} == {f"icecube:{release[1]}"}


@EACH
def test_only_api_and_migration_know_the_database(overlay: str) -> None:
    """No processor is told where the database is, and the network would not let it go there."""
    told = {one["name"] for _, one in pods(overlay) if "ICECUBE_DATABASE_URI" in environment(overlay, one)}
    policies = [
        policy["spec"]
        for policy in resources(overlay, "NetworkPolicy")
        if any(port["port"] == 5432 for rule in policy["spec"].get("egress", []) for port in rule.get("ports", []))
    ]
    (selector,) = [policy["podSelector"] for policy in policies]

    assert told == {"api", "migrate"}
    assert selector["matchExpressions"] == [
        {"key": "app.kubernetes.io/component", "operator": "In", "values": ["api", "migrate"]}
    ]


@EACH
def test_network_lets_kafka_through(overlay: str) -> None:
    """Everything is denied at first, and the brokers' port is open to all that are told of them."""
    policies = {policy["metadata"]["name"]: policy["spec"] for policy in resources(overlay, "NetworkPolicy")}
    settings = load_settings(flags={}, environment=environment(overlay, container(overlay, "api")), file=None)
    ports = {int(broker.rpartition(":")[2]) for broker in settings.kafka.broker_list}

    assert policies["icecube-nothing-else"].keys() == {"podSelector", "policyTypes"}
    assert {port["port"] for port in policies["icecube-kafka"]["egress"][0]["ports"]} == ports


@EACH
def test_pods_run_with_few_rights(overlay: str) -> None:
    """No pod is root, can become it, writes to its image, has capabilities or a token."""
    for spec, one in pods(overlay):
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert one["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "/tmp" in [mount["mountPath"] for mount in one["volumeMounts"]]  # noqa: S108 - a mount in a container


@EACH
def test_user_is_the_one_of_the_image(overlay: str) -> None:
    """Pods run as the user that the image has a name for."""
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text("utf-8")

    users = {(spec["securityContext"]["runAsUser"], spec["securityContext"]["runAsGroup"]) for spec, _ in pods(overlay)}

    assert [f"USER {user}:{group}\n" in dockerfile for user, group in users] == [True]


@EACH
def test_grace_is_longer_than_the_drain(overlay: str) -> None:
    """A pod is not killed while it pauses for the proxies or finishes what it has in hand."""
    for one in resources(overlay, "Deployment"):
        spec = one["spec"]["template"]["spec"]
        (part,) = spec["containers"]
        pause = part.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        drain = load_settings(flags={}, environment=environment(overlay, part), file=None).server.drain_seconds

        assert spec["terminationGracePeriodSeconds"] >= pause + drain + GRACE_MARGIN_SECONDS


@EACH
@pytest.mark.parametrize(("part", "port"), [("api", "http"), ("processor", "metrics")])
def test_probes_ask_what_exists(overlay: str, part: str, port: str) -> None:
    """Each part is asked on its own port: whether it lives, which depends on nothing else, and whether it is ready."""
    server = Settings().server
    numbers = {"http": server.port, "metrics": server.metrics_port}

    asked = container(overlay, part)

    assert asked["ports"] == [{"name": port, "containerPort": numbers[port]}]
    assert asked["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": port}
    for probe in ("startupProbe", "livenessProbe"):
        assert asked[probe]["httpGet"] == {"path": "/livez", "port": port}


@EACH
def test_no_more_processors_than_partitions(overlay: str) -> None:
    """KEDA scales the processors up to the partitions of the topics that they read, by their own lag in each."""
    (scaled,) = resources(overlay, "ScaledObject")
    variables = environment(overlay, container(overlay, "processor"))
    kafka = load_settings(flags={}, environment=variables, file=None).kafka
    named = [
        {name: variables[variable] for name, variable in trigger["metadata"].items() if name.endswith("FromEnv")}
        for trigger in scaled["spec"]["triggers"]
    ]

    assert scaled["spec"]["scaleTargetRef"]["name"] in [
        one["metadata"]["name"] for one in resources(overlay, "Deployment")
    ]
    assert scaled["spec"]["maxReplicaCount"] == kafka.partitions
    assert named == [
        {
            "bootstrapServersFromEnv": kafka.brokers,
            "topicFromEnv": topic,
            "consumerGroupFromEnv": kafka.processor_group,
        }
        for topic in (kafka.jobs_topic, kafka.bulk_topic)
    ]


@EACH
def test_memory_is_enough_for_what_tasks_may_use(overlay: str) -> None:
    """The limits of the tasks are reached before the limit of the pod, which would kill all of them."""
    processor = container(overlay, "processor")
    variables = environment(overlay, processor)
    workers = int(processor["resources"]["requests"]["cpu"])
    task = load_settings(flags={}, environment=variables, file=None).limits.task_memory_mb

    limit = mebibytes(processor["resources"]["limits"]["memory"])

    assert limit >= workers * (task + PROCESS_MIB) + PROCESS_MIB


@EACH
def test_disruptions_leave_most_pods(overlay: str) -> None:
    """Each Deployment has a budget that selects its pods, and that a drain of nodes can make progress under."""
    budgets = [one["spec"] for one in resources(overlay, "PodDisruptionBudget")]

    for one in resources(overlay, "Deployment"):
        labels = one["spec"]["template"]["metadata"]["labels"].items()
        matching = [budget for budget in budgets if budget["selector"]["matchLabels"].items() <= labels]
        assert len(matching) == 1
        assert matching[0]["maxUnavailable"] not in {0, "0%"}


@EACH
def test_api_and_processors_share_the_images(overlay: str) -> None:
    """Both sides keep images at the same place: one volume for many nodes, or one bucket."""
    places = [
        load_settings(flags={}, environment=environment(overlay, container(overlay, name)), file=None).blob
        for name in ("api", "processor")
    ]
    mounts = [container(overlay, name)["volumeMounts"] for name in ("api", "processor")]

    assert places[0] == places[1]
    assert mounts[0] == mounts[1]
    if overlay == "disk":
        (claim,) = resources(overlay, "PersistentVolumeClaim")
        assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
        assert str(places[0].disk_path) in [mount["mountPath"] for mount in mounts[0]]
