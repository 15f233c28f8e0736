"""The schedule: everything a run can have, the same for the same seed."""

import pytest

from common.failpoints import Failpoint
from tests.chaos.faults.kinds import KINDS
from tests.chaos.faults.processes import AFTER_DAYS
from tests.chaos.schedule import schedule


def names(seed: int, *, seconds: float = 600, kafka: str = "apache", store: str = "disk") -> list[tuple[float, str]]:
    """Return when what happens."""
    return [(fault.at, fault.kind.name) for fault in schedule(seed, seconds=seconds, kafka=kafka, store=store)]


def test_a_seed_can_be_replayed() -> None:
    """The same seed gives the same faults at the same times, another one does not."""
    first = names(1)

    assert first == names(1)
    assert first != names(2)


@pytest.mark.parametrize("store", ["disk", "s3"])
@pytest.mark.parametrize("kafka", ["apache", "embedded"])
def test_a_run_has_every_kind_that_it_can_have(kafka: str, store: str) -> None:
    """Each fault that fits the broker and the store comes at least once, each failpoint among them."""
    fitting = {kind.name for kind in KINDS if kind.needs in {"", kafka, store}}

    found = {name for _, name in names(1, kafka=kafka, store=store)}

    assert found == fitting


def test_apache_kafka_shows_every_failpoint() -> None:
    """There is no point that no run would ever reach, but for those that wait for days."""
    found = {name for _, name in names(1) if name.startswith("crash: ")}

    assert found == {f"crash: {point}" for point in Failpoint if point not in AFTER_DAYS}
    assert {Failpoint.STOP_MARK_REMOVED_NOT_FORGOTTEN} == AFTER_DAYS


def test_ten_minutes_have_two_hundred_faults() -> None:
    """They begin within the time of the run, in order."""
    times = [at for at, _ in names(1)]

    assert len(times) >= 200
    assert times == sorted(times)
    assert 0 < times[0] < times[-1] < 600


def test_a_fault_that_cannot_be_had_is_refused_by_name() -> None:
    """A run without faults would show nothing."""
    with pytest.raises(ValueError, match="--only storage refuses: no such fault with --kafka apache --store disk"):
        schedule(1, seconds=60, kafka="apache", store="disk", only=["storage refuses"])
