"""Announces that `icecube up` is ready: a file for programs, a few lines for people."""

import json
from dataclasses import asdict, dataclass

from common.settings.postgres_uri import mask_uri

_WATCH = (
    "from confluent_kafka import Consumer as C; "
    'c = C({{"bootstrap.servers": "{kafka}", "group.id": "me", "auto.offset.reset": "earliest"}}); '
    'c.subscribe(["{topic}"]); '
    "[print(m.value().decode(), flush=True) for m in iter(lambda: c.poll(3600), None)]"
)
_TEXT = """
Icecube is up. Ctrl-C stops it.

  Try it       {api}/
  API          {api}/docs
  Kafka        {kafka}   (finished jobs: topic {topic})
  PostgreSQL   {postgres}

Upload an image, then request a smaller one with the returned id:
  curl -F file=@photo.jpg {api}/api/v1/images
  curl {api}/api/v1/job -H 'Content-Type: application/json' \\
    -d '{{"originalID": "ID", "options": [{{"format": "webp", "maxDimension": 1000}}]}}'
Watch jobs finish:
  {python} -c '{watch}'
"""
_OPEN_BROKER = """
The embedded Kafka asks nobody who they are: every user of this machine can read its topics, and write to
them; forged jobs and results are refused, by a key made for this run.
On a shared host, name a Kafka of your own (ICECUBE_KAFKA_BROKERS), and make API keys (icecube api-key).
"""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of the parts. *postgres* is a URI and may hold a password.

    *images* is the folder of the disk store; None means S3.
    """

    api: str
    kafka: str
    postgres: str
    images: str | None = None

    def as_json(self) -> str:
        """Return the content of `endpoints.json`."""
        return json.dumps(asdict(self), indent=2) + "\n"


def welcome(endpoints: Endpoints, *, topic: str, python: str, is_broker_open: bool) -> str:
    """Return what to try next; the lines that start with a command can be pasted into a shell."""
    text = _TEXT + _OPEN_BROKER if is_broker_open else _TEXT
    return text.format(
        api=endpoints.api,
        kafka=endpoints.kafka,
        postgres=mask_uri(endpoints.postgres),
        topic=topic,
        python=python,
        watch=_WATCH.format(kafka=endpoints.kafka, topic=topic),
    )
