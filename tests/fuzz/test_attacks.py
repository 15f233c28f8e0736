"""The known attacks, every time the tests run; mutations have their own command."""

from pathlib import Path

from processor.pool import ImagePool
from tests.fuzz.attacks import attacks
from tests.fuzz.seeds import seeds
from tests.fuzz.trial import LIMITS, TASK_MEMORY_MB, TASK_SECONDS, UNEXPECTED, tried

ATTACKS = attacks()


def a_pool() -> ImagePool:
    """Return a pool as confined as the campaign's."""
    return ImagePool(
        workers=1,
        limits=LIMITS,
        task_seconds=TASK_SECONDS,
        task_memory_mb=TASK_MEMORY_MB,
    )


async def test_every_attack_gets_a_reason(tmp_path: Path) -> None:
    """No crash, no hang, no memory beyond the limit, no file left, and a sentence for the owner."""
    verdicts = {}

    async with a_pool() as pool:
        for number, (name, data) in enumerate(ATTACKS.items()):
            folder = tmp_path / str(number)
            folder.mkdir()
            verdicts[name] = await tried(data, folder, pool)

    complaints = {name: verdict.complaint for name, verdict in verdicts.items() if verdict.complaint}
    outcomes = {name: verdict.outcome for name, verdict in verdicts.items()}
    assert not complaints
    assert not [name for name, outcome in outcomes.items() if UNEXPECTED in outcome or outcome.endswith("crashed")]
    assert not [name for name in outcomes if name.startswith(("svg", "mvg", "msl")) and outcomes[name].endswith("made")]


async def test_the_mutations_start_from_sound_files(tmp_path: Path) -> None:
    """A campaign whose sound files failed would find nothing, and prove nothing."""
    verdicts = {}

    async with a_pool() as pool:
        for number, (name, data) in enumerate(seeds().items()):
            folder = tmp_path / str(number)
            folder.mkdir()
            verdicts[name] = await tried(data, folder, pool)

    assert all(verdict.outcome.endswith(", made") for verdict in verdicts.values())
    assert not any(verdict.complaint for verdict in verdicts.values())
