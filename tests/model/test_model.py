"""The protocol's models have the verdicts that are written down for them: `make model` checks them all."""

import re
import shutil

import pytest

from tests.model.cases import FOLDER, Case, Verdict, cases
from tests.model.checker import check

_QUICK = [case for case in cases() if not case.is_slow]


@pytest.mark.skipif(not (shutil.which("spin") and shutil.which("gcc")), reason="spin and gcc are not installed")
@pytest.mark.parametrize("case", _QUICK, ids=str)
def test_a_case_has_its_verdict(case: Case) -> None:
    """A rule of the protocol holds in every state; without it, some state breaks."""
    outcome = check(case)

    assert outcome.fits(case), "\n".join(outcome.trace)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_case_names_switches_that_its_model_has(case: Case) -> None:
    """A misspelled switch would change nothing, and the case would tell of another."""
    model = (FOLDER / case.model).read_text("utf-8")
    names = {switch.removeprefix("-D").partition("=")[0] for switch in case.switches}

    assert {name for name in names if not re.search(rf"(ifn?def |defined\(){name}\b", model)} == set()


def test_every_switch_of_a_design_is_tried() -> None:
    """What a model's head calls a naive design stands among the cases, as broken."""
    tried = {(case.model, switch.removeprefix("-D")) for case in cases() for switch in case.switches}
    for model in ("path.pml", "life_cycle.pml", "transactions.pml", "events.pml"):
        text = (FOLDER / model).read_text("utf-8")
        for name in set(re.findall(r"#if(?:n?def |.*?defined\()([A-Z_]+)", text)):
            assert (model, name) in {(one, switch.partition("=")[0]) for one, switch in tried}, f"{model}: {name}"


def test_there_are_counterexamples_to_learn_from() -> None:
    """A checker that finds nothing wrong with anything proves nothing: each model has broken cases."""
    assert {case.model for case in cases() if case.expected is Verdict.BROKEN} == {case.model for case in cases()}
