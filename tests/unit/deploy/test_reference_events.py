"""The examples of events: promises that this release still reads and writes."""

import json
from hashlib import sha256
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from common.events import Event, JobNotification, PublicEvent, decode, encode
from deploy.reference.event_messages import EVENTS, PUBLIC_EVENTS, examples

DIGESTS = Path(__file__).parents[1] / "common" / "event_examples.sha256"
EXAMPLES = {title: (name, text) for name, title, text in examples()}


def decoded(name: str, text: str) -> Event | JobNotification | PublicEvent:
    """Return the event in *text*, read as whoever receives it does."""
    public: dict[str, type[JobNotification | PublicEvent]] = {event.__name__: event for event in PUBLIC_EVENTS}
    public["JobNotification"] = JobNotification
    return public[name].model_validate_json(text) if name in public else decode(text.encode())


def versions(event: type[BaseModel]) -> tuple[int, ...]:
    """Return the versions that *event* stands for; a public one has a class for each."""
    field = event.model_fields.get("version")
    return get_args(field.annotation) if field else (1,)


@pytest.mark.parametrize("title", EXAMPLES)
def test_an_example_survives_decoding_and_encoding(title: str) -> None:
    """What was written once is read in full, and written the same: no member lost, renamed or added."""
    name, text = EXAMPLES[title]

    event = decoded(name, text)

    assert type(event).__name__ == name
    assert json.loads(encode(event)) == json.loads(text)


@pytest.mark.parametrize("event", EVENTS)
def test_every_version_of_every_event_has_an_example(event: type[BaseModel]) -> None:
    """No event goes without an example of each of its versions."""
    wanted = {f"{event.__name__}.v{version}" for version in versions(event)}

    assert wanted <= set(EXAMPLES)


def test_every_example_is_of_an_event() -> None:
    """No example outlives the event it was an example of."""
    names = {name for name, _ in EXAMPLES.values()}

    assert names == {event.__name__ for event in EVENTS}


def test_an_example_is_never_changed() -> None:
    """What a release has sent it has sent: examples are added to the list, and none of it is changed or removed."""
    listed = {name: digest for digest, name in map(str.split, DIGESTS.read_text("utf-8").splitlines())}

    assert {f"{title}.json": sha256(text.encode()).hexdigest() for title, (_, text) in EXAMPLES.items()} == listed
