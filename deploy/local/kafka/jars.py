"""Kafka's jars, fetched once by Maven."""

import shutil
import subprocess
from pathlib import Path

from deploy.local.kafka import VERSION, KafkaUnavailableError

FETCH_SECONDS = 300
_POM = Path(__file__).with_name("pom.xml")


def kafka_jars(cache: Path) -> Path:
    """Return the folder of the jars below *cache*, fetched on first use; raise `KafkaUnavailableError`."""
    folder = cache / VERSION
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        message = "Maven (mvn) is not installed"
        raise KafkaUnavailableError(message)
    draft = cache / f"{VERSION}.new"
    shutil.rmtree(draft, ignore_errors=True)
    command = [
        maven, "-B", "-q", "-f", str(_POM), "dependency:copy-dependencies",
        f"-Dkafka.version={VERSION}", f"-DoutputDirectory={draft.resolve()}", "-DincludeScope=runtime",
    ]  # fmt: skip
    try:
        result = subprocess.run(command, capture_output=True, check=False, timeout=FETCH_SECONDS)  # noqa: S603 - fixed words
    except subprocess.TimeoutExpired as exc:
        message = f"Maven did not fetch Kafka {VERSION} within {FETCH_SECONDS} s"
        raise KafkaUnavailableError(message) from exc
    if result.returncode != 0:
        message = f"Maven could not fetch Kafka {VERSION}: {result.stdout.decode(errors='replace').strip()[-500:]}"
        raise KafkaUnavailableError(message)
    draft.replace(folder)
    return folder
