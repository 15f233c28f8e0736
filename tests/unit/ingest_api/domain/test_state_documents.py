"""The states of a job are told in three places; the table in `ingest_api/domain/job.py` is the truth."""

import re
from pathlib import Path

from ingest_api.domain.job import NEXT_STATES, JobState
from ingest_api.job_store.statements import statement

ROOT = Path(__file__).parents[4]
ARROWS = re.compile(r"^\s+(\w+) --> (\w+)$", re.MULTILINE)


def test_the_diagram_is_the_table() -> None:
    """Every arrow of the diagram is a transition of the table, and the other way round."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    drawn = {(JobState(before), JobState(after)) for before, after in ARROWS.findall(text)}

    assert drawn == {(before, after) for before, following in NEXT_STATES.items() for after in following}


def test_no_statement_lists_states() -> None:
    """Whether a job has ended is told by `ended_at` alone: a new state is added without a look at the SQL."""
    folder = ROOT / "ingest_api" / "job_store" / "sql"
    names = [file.stem for file in folder.glob("*.sql")]

    assert [name for name in names if re.search(r"state\s+(NOT\s+)?IN\b", statement(name), re.IGNORECASE)] == []
