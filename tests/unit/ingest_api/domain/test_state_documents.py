"""The states of a job are told in three places; the table in `ingest_api/domain/job.py` is the truth."""

import re
from pathlib import Path

import pytest

from ingest_api.domain.job import NEXT_STATES, UNFINISHED, JobState
from ingest_api.job_store.statements import statement

ARCHITECTURE = Path(__file__).parents[4] / "ARCHITECTURE.md"
ARROWS = re.compile(r"^\s+(\w+) --> (\w+)$", re.MULTILINE)
LISTS = re.compile(r"state IN \(([^)]*)\)")


def test_the_diagram_is_the_table() -> None:
    """Every arrow of the diagram is a transition of the table, and the other way round."""
    drawn = {(JobState(before), JobState(after)) for before, after in ARROWS.findall(ARCHITECTURE.read_text("utf-8"))}

    assert drawn == {(before, after) for before, following in NEXT_STATES.items() for after in following}


@pytest.mark.parametrize("name", ["update_jobs", "settle_messages", "unanswered_jobs", "unknown_images", "backlog"])
def test_the_sql_means_the_same_by_unfinished(name: str) -> None:
    """Wherever the SQL names states that a job can still leave, it names the table's."""
    lists = LISTS.findall(statement(name))

    assert lists
    for states in lists:
        assert {JobState(state.strip(" '")) for state in states.split(",")} == UNFINISHED


def test_the_schema_knows_every_state() -> None:
    """The constraint on the column lists the states of the table."""
    migrations = Path(__file__).parents[4] / "ingest_api" / "job_store" / "migrations"
    (states,) = re.findall(
        r"CHECK \(state IN \(([^)]*)\)\),?$", next(migrations.glob("0001*")).read_text(), re.MULTILINE
    )

    assert {JobState(state.strip(" '")) for state in states.split(",")} == set(JobState)
